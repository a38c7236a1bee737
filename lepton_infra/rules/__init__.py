"""The language of rules. No rule lives here.

```
values    what a property can be: plain, ABSENT, UNKNOWN, Secret, Asset
verdict   PASS, FAIL, UNDECIDED, and how they combine
subject   one resource, from the engine or from a graph
view      reading a resource: three-valued, never raising, every place named
reference whether a property means another resource          stack   what stands around a resource
net       addresses and ports          iam   AWS policy documents
examples  what stands on a card        card   a rule as data, logic and examples          page   its documentation
finding   what came of a rule          exempt   what somebody answers for
runner    cards over resources and graphs: `judge`          packs   the cards of all installed packs
wire      from the engine's messages to values
analyzer  a pack in front of the real engine          announce   what it says of itself there
```
"""
