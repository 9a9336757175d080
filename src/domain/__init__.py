"""The words of the business: money, deals, people, stages, events, errors and the ports. Imports nothing of ours."""
