"""Promise 7: a disk is known by itself, not by its mount point."""

from __future__ import annotations

import os
import plistlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowersorter.sorting.volumes import Place, Volume, Volumes, linux_volumes, mac_mounts, mac_volume_id

MOUNTINFO = rb"""22 28 0:21 / /proc rw - proc proc rw
28 1 253:0 / / rw shared:1 - ext4 /dev/dm-0 rw
40 28 8:1 / /media/My\040Stick rw - vfat /dev/sdb1 rw
41 28 0:50 /photos /mnt/nas rw - nfs4 server:/export rw
42 28 0:51 / /mnt/cifs rw - cifs //nas/pictures rw
43 28 0:52 /@home /home rw - btrfs /dev/sda2 rw
44 28 253:0 /srv/pictures /pictures rw - ext4 /dev/dm-0 rw
"""


def house(*mounts: tuple[str, str, bytes]) -> Volumes:
    return Volumes(
        [Volume(Path(mount), "ext4", lambda name=name: name, inside) for mount, name, inside in mounts]
    )


def test_linux_mounts(tmp_path: Path) -> None:
    by_uuid = tmp_path / "by-uuid"
    by_uuid.mkdir()
    (by_uuid / "AB-CD").symlink_to("/dev/sdb1")
    found = {str(one.mount): one for one in linux_volumes(MOUNTINFO, by_uuid)}
    assert set(found) == {"/", "/media/My Stick", "/mnt/nas", "/mnt/cifs", "/home", "/pictures"}
    assert found["/media/My Stick"].identify() == "uuid:AB-CD"
    assert found["/mnt/nas"].identify() == "net:nfs4:server:/export"
    assert found["/mnt/cifs"].identify() == "net:cifs://nas/pictures"
    assert found["/"].identify() == f"fsid:{os.statvfs('/').f_fsid:x}"
    assert (found["/home"].inside, found["/"].inside) == (b"/@home", b"")
    journalled = {mount for mount, one in found.items() if one.journalled}
    assert journalled == {"/", "/home", "/pictures"}


def test_a_mount_point_may_hold_any_byte_but_a_line_feed(tmp_path: Path) -> None:
    line = b"50 28 0:60 / /media/a\rb\x0bc rw - tmpfs tmpfs rw\n"
    assert {str(one.mount) for one in linux_volumes(line, tmp_path)} == {"/media/a\rb\x0bc"}


def test_this_machines_mounts(tmp_path: Path) -> None:
    volumes = Volumes.now()
    place = volumes.place(tmp_path / "rose.jpg")
    assert volumes.path(place) == Path(os.path.realpath(tmp_path)) / "rose.jpg"
    assert Volumes.now().place(tmp_path / "rose.jpg") == place


@pytest.mark.parametrize("name", ["rose.jpg", "ros\udce9.jpg", "a b\\c.jpg", "new\nline.jpg"])
def test_a_place_follows_its_disk(tmp_path: Path, name: str) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    (one / "sub").mkdir(parents=True)
    (other / "sub").mkdir(parents=True)
    before, after = (
        house((str(tmp_path), "house", b""), (str(one), "stick", b"")),
        house((str(other), "stick", b"")),
    )
    place = before.place(one / "sub" / name)
    assert place == Place("stick", b"sub/" + os.fsencode(name))
    assert after.path(place) == other / "sub" / name
    assert after.path(before.place(tmp_path / name)) is None
    assert not before.same(one, tmp_path)


def test_a_folder_of_a_disk_can_be_mounted_alone(tmp_path: Path) -> None:
    (tmp_path / "whole" / "srv" / "sub").mkdir(parents=True)
    (tmp_path / "part" / "sub").mkdir(parents=True)
    whole = house((str(tmp_path / "whole"), "disk", b""))
    part = house((str(tmp_path / "part"), "disk", b"srv"))
    place = whole.place(tmp_path / "whole" / "srv" / "sub" / "a.jpg")
    assert place == part.place(tmp_path / "part" / "sub" / "a.jpg")
    assert part.path(place) == tmp_path / "part" / "sub" / "a.jpg"
    assert part.path(Place("disk", b"srvother/a.jpg")) is None


def test_links_are_resolved(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    volumes = Volumes.now()
    assert volumes.place(tmp_path / "alias" / "a.jpg") == volumes.place(tmp_path / "real" / "a.jpg")


@pytest.mark.parametrize(
    ("folder", "place"),
    [
        ("house/alias/sub", Place("house", b"real/sub")),
        ("house/alias/sub/..", Place("house", b"real")),
        ("house/alias/../real", Place("house", b"real")),
        ("house/alias/missing/deeper", Place("house", b"real/missing/deeper")),
        ("house/real/./sub//", Place("house", b"real/sub")),
        ("house/stick", Place("stick", b"")),
        ("house/stick/sub", Place("stick", b"sub")),
        ("house/to-stick/sub", Place("stick", b"sub")),
        ("house/stick/back/real", Place("house", b"real")),
        ("house/loop/sub", Place("house", b"loop/sub")),
    ],
)
def test_links_and_mounts_on_the_way_to_a_folder(tmp_path: Path, folder: str, place: Place) -> None:
    root = tmp_path / "house"
    for made in ("real/sub", "stick/sub"):
        (root / made).mkdir(parents=True)
    for link, leads_to in {
        "alias": "real",
        "to-stick": "stick/sub/..",
        "stick/back": "..",
        "loop": "loop",
    }.items():
        (root / link).symlink_to(leads_to)
    volumes = house(
        (str(tmp_path), "outside", b""), (str(root), "house", b""), (str(root / "stick"), "stick", b"")
    )
    asked = f"{tmp_path}/{folder}"
    assert volumes.place(Path(asked) / "a.jpg") == Place(place.volume, (place.path + b"/a.jpg").lstrip(b"/"))
    assert volumes.place_of_folder(Path(asked)) == place
    assert volumes.place_of_folder(Path(os.path.realpath(asked))) == place


def test_a_share_without_a_letter_is_known_by_its_name(tmp_path: Path) -> None:
    nothing_mounted = Volumes([])
    place = nothing_mounted.place(tmp_path / "a.jpg")
    assert place.volume == "mount:/"
    assert Volumes([]).path(place) == Path(os.path.realpath(tmp_path)) / "a.jpg"


def test_macos_mounts() -> None:
    listing = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
/dev/disk4s1 on /Volumes/My (old) Disk (hfs, local, nodev, journaled, noowners)
/dev/disk5s1 on /Volumes/PLAIN (hfs, local)
//me@nas/pictures on /Volumes/pictures (smbfs, nodev, nosuid)
"""
    assert mac_mounts(listing) == [
        (Path("/"), "apfs"),
        (Path("/dev"), "devfs"),
        (Path("/Volumes/My (old) Disk"), "hfs"),
        (Path("/Volumes/PLAIN"), "hfs-plain"),
        (Path("/Volumes/pictures"), "smbfs"),
    ]


def test_macos_volume_ids() -> None:
    answer = plistlib.dumps({"VolumeUUID": "1234-ABCD"})
    assert mac_volume_id(answer, Path("/Volumes/X")) == "uuid:1234-ABCD"
    assert mac_volume_id(b"", Path("/Volumes/X")) == "mount:/Volumes/X"
    assert mac_volume_id(b"Could not find disk", Path("/Volumes/X")) == "mount:/Volumes/X"


def test_two_disks_without_an_id_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FUSE gives none: photos of one vault must not come back in another."""
    lines = [
        b"%d 27 0:%d / %s rw - fuse.gocryptfs /home/u/%s rw"
        % (number, number, os.fsencode(tmp_path / name), name.encode())
        for number, name in enumerate(("one", "other"))
    ]
    monkeypatch.setattr(os, "statvfs", lambda _mount: SimpleNamespace(f_fsid=0))
    volumes = Volumes(linux_volumes(b"\n".join(lines)))
    assert not volumes.same(tmp_path / "one", tmp_path / "other")
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        assert volumes.path(volumes.place(tmp_path / name / "a.jpg")) == tmp_path / name / "a.jpg"
