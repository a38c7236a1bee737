"""The Pulumi engine: find, download or build it, run it, read its events.

```python
engine = ensure(print)
with Session(engine, project=Path("."), stack="dev", home=Path(".lepton")) as session:
    run = session.run(Operation.PREVIEW)
```
"""
