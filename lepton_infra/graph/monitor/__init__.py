"""The monitor: runs a Pulumi program with no engine, no account and no network, and tells what it would build.

This package is executed inside the program's own interpreter, which need not have lepton-infra installed: it imports the standard library,
Pulumi's SDK and its own files by relative paths, and is loaded under a name of its own. `graph/program.py` is its other end.

```
__main__   loads the package and starts it             run        the program, as the language host runs it
link       the line to the other end                   service    pulumirpc.ResourceMonitor, called in process
records    requests as records                         engine     pulumirpc.Engine: what a program logs
computed   what a provider would compute: unknown      values     protobuf to plain values
transforms what a program lays over its resources      remote     components that another process hosts
faults     what a program did wrong, file and line     quick      what the SDK does at length for nobody here
later      what the SDK loads and few programs touch   sdks       packages of clouds, loaded a module at a time
```
"""
