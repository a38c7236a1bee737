"""A language host for Python: how the Pulumi engine runs a program, a policy pack or a component written in Python.

Pulumi's own host is a Go program that comes with the official download but cannot be had from the Go module proxy; an engine
that is built from source is given this one instead (protocol: `pulumirpc.LanguageRuntime`, proto/pulumi/language.proto).

`toolchain` decides which interpreter, `packages` what is installed there, `children` starts and stops processes,
`service` answers the engine, `serve` is the server, `__main__` starts it.
"""
