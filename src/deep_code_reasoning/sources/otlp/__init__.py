"""The OpenTelemetry protocol: traces, logs and metrics in its JSON and protobuf encodings."""
