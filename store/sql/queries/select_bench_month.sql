SELECT told FROM bench_month WHERE month = %(month)s
