"""Pure: payload and mapping to canonical facts, or every failing field at once.

The door is `deal_facts` (`needs`, `apply`, `preview`); beside it stand `facts_json`, which writes facts down, and
`agents_csv`, which reads the agents file. Behind the door, in the order of the work: `plan` makes a mapping ready to
run, with `reading` and `conditions` for its paths and tests and `converters/` for its values; `engine` runs it over a
payload and leaves `findings`; `named_twice` counts everybody once; `rules` judge what was found; `unused` serves
previews.
"""
