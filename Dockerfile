FROM python:3.11.14-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src

# Node for the front-end files and the build backend: needed here only.
COPY requirements/ requirements/
RUN python -m venv /tools \
    && /tools/bin/pip install --require-hashes -r requirements/demo.lock \
    && python -m venv --without-pip /opt/smartplace \
    && /tools/bin/pip --python /opt/smartplace/bin/python install --require-hashes -r requirements/server.lock

COPY dashboard/assets/ dashboard/assets/
RUN /tools/bin/python dashboard/assets/build.py

COPY . .
RUN /tools/bin/hatchling build -t wheel -d /wheel \
    && /tools/bin/pip --python /opt/smartplace/bin/python install --no-deps --no-index /wheel/*.whl

FROM python:3.11.14-slim-bookworm
RUN pip uninstall --yes --quiet pip setuptools wheel \
    && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin smartplace \
    && mkdir --mode=0700 /var/lib/smartplace \
    && chown 10001:10001 /var/lib/smartplace
COPY --from=build /opt/smartplace /opt/smartplace
ENV PATH=/opt/smartplace/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["smartplace"]
CMD ["--help"]
