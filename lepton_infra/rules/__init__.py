"""The language of rules. No rule lives here.

```
values    what a property can be: plain, ABSENT, UNKNOWN, Secret, Asset
verdict   PASS, FAIL, UNDECIDED, and how they combine
view      reading a resource: three-valued, never raising, every place named
net       addresses and ports          iam   AWS policy documents
card      a rule as data, logic and examples          page   its documentation
runner    cards over resources          packs   the cards of all installed packs
wire      from the engine's messages to values
analyzer  a pack in front of the real engine          announce   what it says of itself there
```
"""
