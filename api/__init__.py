"""The HTTP interface for developers: live state as JSON and GeoJSON, changes as a stream, problems as RFC 9457."""
