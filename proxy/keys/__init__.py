"""The keys of data subjects: one each, kept wrapped, found in batches, and gone for good when they are shredded.

The nouns (standards: NIST SP 800-57): a **provider** holds key encryption keys that never leave it; the time in
which one of them is in force is an **epoch**; a **subject key** belongs to one data subject, or to a record of
somebody who cannot be named yet, and is kept in the store wrapped under its epoch's key; an **installation key**
belongs to nobody and outlives every erasure. Uses are separated by HKDF labels.

Where the story starts: `Keys.new_subject` when somebody is met, `Keys.find` when a sealed value names its key,
`Keys.shred` when somebody is erased.

What it does not do: seal a value, know who a data subject is (a subject here is 16 random bytes), or promise
that memory is wiped: Python cannot.

Why
    *Epoch keys in the provider rather than one master key.* A backup of the key table from before a shred still
    has the row. When the epoch has ended, the survivors have been wrapped anew and its key has been destroyed,
    that backup opens nothing.
    *A number that every use looks at rather than a message to every worker.* A message that is lost, or late,
    leaves a key alive; a number that cannot be read makes everybody ask the database. See `generation`.
    *The id of a key, not of a person, stands in what is sealed.* A person may have had several keys, and a
    record gets its owner later; what is sealed stays as it is.
"""

from proxy.keys.generation import Generation, NoMemory, SharedNumber
from proxy.keys.keys import Draft, Keys
from proxy.keys.lease import LeasedNumber
from proxy.keys.states import State
from proxy.keys.subjectkey import SubjectKey
from proxy.keys.tables import CHAPTER

__all__ = [
    "CHAPTER",
    "Draft",
    "Generation",
    "Keys",
    "LeasedNumber",
    "NoMemory",
    "SharedNumber",
    "State",
    "SubjectKey",
]
