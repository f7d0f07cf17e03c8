"""Event schedules of contracts in the ACTUS standard: dates, kinds, payoffs and states of every event.

Basis: ACTUS Technical Specification 1.1 and the ACTUS Data Dictionary (Algorithmic Contract Types Unified Standards).
`vocabulary` lists what is supported. `terms` reads a contract's terms and refuses all others by name; `observed` holds
what the outside world says. `cycles` makes dates, `schedules` event dates; `machine` runs the states. `contracts` puts
contracts of one or two legs together.
"""

from behavior.engine.actus.contracts import CONTRACT_TYPES as CONTRACT_TYPES
from behavior.engine.actus.contracts import contract_events as contract_events
from behavior.engine.actus.machine import Event as Event
from behavior.engine.actus.observed import Observed as Observed
from behavior.engine.actus.terms import Terms as Terms
