"""The journal of a till: what it is about to ask is on disk before it asks.

A line of JSON for each step of a purchase. After a power cut the till reads what it had begun, and asks again with the same ids.
"""

import fcntl
import json
import os


class Journal:
    def __init__(self, path):
        self.file = open(path, "a+b")
        # Two tills with one journal would finish each other's purchases.
        fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
        os.fsync(folder)  # Else the name of a new file may be gone after a power cut.
        os.close(folder)
        self.unfinished = {}
        self.file.seek(0)
        whole = 0
        for line in self.file:
            if not line.endswith(b"\n"):
                break  # Cut while it was written: nothing was asked for it yet.
            whole += len(line)
            self._take(json.loads(line))
        # What is finished is of no use any more, and may hold a customer's phone.
        self.file.truncate(whole if self.unfinished else 0)

    def write(self, purchase, step, **more):
        """Returns when it is on disk."""
        entry = {"purchase": purchase, "step": step, **more}
        self.file.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self._take(entry)

    def _take(self, entry):
        if entry["step"] == "finished":
            self.unfinished.pop(entry["purchase"], None)
        else:
            self.unfinished.setdefault(entry["purchase"], {}).update(entry)
