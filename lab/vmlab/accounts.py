"""Who can log in to a guest, and the files in its /etc that say so."""

import pathlib

from .places import LabError

PASSWORD = "lab"
_PASSWORD_HASH = ("$6$vmlab$GFnZoSO0dFbE7JXhmDZQvjyZPKCaGcHW/LvfRRkhOMT0y1Pawj7"
                  "SeV2MswcXp3Wf3/SJPgqQBvf402tT2Ksdj/")
FIRST_UID = 1000


class User:
    """A login: its name, uid (also its group), shell and home."""

    def __init__(self, name: str, uid: int, shell: str):
        self.name, self.uid, self.shell = name, uid, shell
        self.home = "/root" if uid == 0 else f"/home/{name}"

    def as_json(self) -> dict:
        return {"name": self.name, "uid": self.uid, "shell": self.shell, "home": self.home}


def users(shell: str, names=(), shells=()) -> list[User]:
    """root, tester and the rest; a user asked for by shell is named like the shell."""
    wanted = [("tester", shell), ("nologin", "/usr/sbin/nologin")]
    wanted += [(name, shell) for name in names]
    wanted += [(pathlib.PurePath(path).name, path) for path in shells]
    seen = {"root", "nobody", "sshd"}
    for name, _ in wanted:
        if name in seen:
            raise LabError(f"the user {name} is there already")
        seen.add(name)
    return [User("root", 0, shell)] + [
        User(name, FIRST_UID + index, path) for index, (name, path) in enumerate(wanted)]


def etc_files(people: list[User], hostname: str, machine_id: str) -> dict[str, str]:
    """What every guest's /etc holds, by name; /etc/shadow must become 0640."""
    passwd = "".join(f"{u.name}:x:{u.uid}:{u.uid}::{u.home}:{u.shell}\n" for u in people)
    group = "".join(f"{u.name}:x:{u.uid}:\n" for u in people)
    shadow = "".join(f"{u.name}:{_PASSWORD_HASH}:19700:0:99999:7:::\n" for u in people)
    return {
        "passwd": passwd + "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n"
                           "nobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n",
        "group": group + "tty:x:5:\nshadow:x:42:\nnogroup:x:65534:\n",
        "shadow": shadow + "sshd:!:19700::::::\nnobody:*:19700::::::\n",
        "hostname": f"{hostname}\n",
        "hosts": f"127.0.0.1 localhost\n::1 localhost\n127.0.1.1 {hostname}\n",
        "machine-id": f"{machine_id}\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
        "shells": "".join(sorted({f"{u.shell}\n" for u in people})),
        "profile": "export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
        "netconfig": "tcp tpi_cots_ord v inet tcp - -\nudp tpi_clts v inet udp - -\n",
    }
