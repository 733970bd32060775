"""Cluster files say which machines a plan is made for; what is wrong with one is told with its place."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from murakkab_optimizer.hardware import Link
from murakkab_runtimes.clusters import ClusterError, cluster_folder, find_cluster, read_cluster

GOOD = """\
apiVersion: murakkab/v1
kind: Cluster
metadata: {name: mine}
billing: used
memory: 64GiB
cpu: {cores: 8, price: 0.02, idle_w: 1, peak_w: 4, region: here}
devices:
  - {type: A100, count: 16, spot: true, region: here, evictions_per_hour: 0.1, server: 4, spot_price: 0.9}
  - {type: H100, count: 8, region: there, price: 2.5}
  - {type: L4, count: 2, price: 0.7, idle_w: 16, peak_w: 72, memory: 24GB, server: 1}
links:
  - {source: here, target: there, gbit_s: 10, latency_s: 0.05}
"""


def read(folder, text):
    file = folder / "c.yaml"
    file.write_text(text, encoding="utf-8")
    return read_cluster(file)


def test_a_cluster_takes_from_the_catalogue_what_it_does_not_say(tmp_path):
    cluster = read(tmp_path, GOOD)
    a100, h100, l4, cpu = cluster.offers
    assert (cluster.name, cluster.billing, cluster.memory_mb, cluster.cores) == ("mine", "used", 65536, 8)
    assert (a100.price, a100.device.reserved, a100.device.server_size, a100.servers) == (0.9, 3.4, 4, 4)
    assert a100.device.evictions_per_hour == 0.1
    assert "evictions_per_hour, server_size, spot as" in a100.device.source
    assert (h100.price, h100.spot, h100.device.peak_w) == (2.5, False, 700)
    assert (l4.price, l4.device.memory_mb, l4.device.server_size) == (0.7, 22888, 1)
    assert (cpu.device.kind, cpu.price, cpu.device.peak_w, cpu.region) == ("cpu", 0.02, 4, "here")
    assert cluster.links == (Link("here", "there", 10, 0.05),)


@pytest.mark.parametrize("file", sorted(cluster_folder().glob("*.yaml")), ids=lambda file: file.stem)
def test_a_shipped_cluster_can_be_read_and_says_where_its_figures_come_from(file):
    cluster = read_cluster(file)
    assert cluster.name == file.stem
    assert cluster.source
    assert cluster.cores
    assert cluster.memory_mb
    assert all(offer.device.source and offer.price >= 0 for offer in cluster.offers)


def test_a_shipped_cluster_is_found_by_name():
    cluster = read_cluster(find_cluster("256xA100+64xH200"))
    assert [(o.device.name, o.count, o.price) for o in cluster.offers[:2]] == [("A100", 256, 1.07), ("H200", 64, 4.22)]
    with pytest.raises(ClusterError, match="no shipped cluster '16xA1000'; there are: 16xA100"):
        find_cluster("16xA1000")


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("murakkab/v1", "murakkab/v2", "1:13: write 'apiVersion: murakkab/v1'"),
        ("kind: Cluster", "kind: Model", "2:7: write 'kind: Cluster'"),
        ("billing: used", "billing: hourly", "4:10: 'billing' takes 'held' .* not 'hourly'"),
        ("billing:", "biling:", "4:1: a cluster has no key 'biling'; did you mean 'billing'?"),
        ("64GiB", "64", "5:9: 'memory' takes a size such as 64GiB or 1.9TiB, not '64'"),
        ("cores: 8, ", "", "6:6: 'cores' is missing"),
        ("cores: 8", "cores: 0", "6:14: 'cores' takes a whole number from 1 to"),
        ("type: A100", "type: A101", "8:12: there is no device type 'A101'; nearest: A100"),
        ("count: 16", "count: 1.5", "8:25: 'count' takes a whole number"),
        ("count: 16", "count: [16]", "8:25: 'count' takes a single value"),
        ("spot: true", "spot: maybe", "8:35: 'spot' takes true or false, not 'maybe'"),
        ("price: 2.5", "price: .nan", "9:50: 'price' takes a number of 0 or more"),
        ("price: 2.5", "price: 1e999", "9:50: 'price' takes a number of 0 or more"),
        ("count: 2, ", "count: 2, spot: true, ", "10:32: no spot price of 'L4' is known; add 'spot_price"),
        ("target: there", "target: nowhere", "12:28: nothing is in the region 'nowhere'; regions: here, there"),
        ("gbit_s: 10", "gbit_s: 0", "12:43: 'gbit_s' takes a number above 0"),
        ("memory: 64GiB", "billing: held", "5:1: 'billing' stands twice; keep one"),
        ("links:\n  - {", "links: {", "11:8: 'links' must be a list"),
        ("metadata: {name: mine}", "metadata: {name: [", "this is not valid YAML"),
    ],
)
def test_what_is_wrong_is_told_with_line_and_column(tmp_path, old, new, complaint):
    assert GOOD.count(old) >= 1
    with pytest.raises(ClusterError, match=rf"c\.yaml:{'' if complaint[0].isdigit() else '.*'}{complaint}"):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_all_that_is_wrong_is_told_at_once(tmp_path):
    bad = GOOD.replace("A100", "A101").replace("64GiB", "lots").replace("count: 8", "count: -8")
    with pytest.raises(ClusterError) as found:
        read(tmp_path, bad)
    assert [line.split(":")[1] for line in str(found.value).splitlines()] == ["5", "8", "9"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "1:1: it is empty"),
        ("- a list", "a cluster must be a mapping"),
        ("apiVersion: murakkab/v1\nkind: Cluster\n", "neither 'devices' nor 'cpu'"),
        ("[" * 5000, "nests too deep"),
        ("a: &a [*a]", "no key 'a'"),
        ("a: !!python/object/apply:os.system [ls]", "no key 'a'"),
        ("a: 1\n---\nb: 2", "not valid YAML"),
        ("a: \x00", "not valid YAML"),
    ],
)
def test_odd_files_are_refused(tmp_path, text, complaint):
    with pytest.raises(ClusterError, match=rf"c\.yaml.*{complaint}"):
        read(tmp_path, text)


def test_files_that_are_no_text_are_refused(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00kind")
    (tmp_path / "large.yaml").write_bytes(b"#" * (1 << 21))
    for name, complaint in (("binary", "not UTF-8"), ("large", "larger than 1 MiB"), ("lost", "cannot be read")):
        with pytest.raises(ClusterError, match=complaint):
            read_cluster(tmp_path / f"{name}.yaml")
    with pytest.raises(ClusterError, match="cannot be read"):
        read_cluster(tmp_path)


PIECES = [
    "",
    "{",
    "}",
    "[",
    "]",
    ": ",
    "- ",
    "\n",
    "\t",
    "'",
    '"',
    "&a ",
    "*a",
    "!!int ",
    "1e999",
    "-1",
    "null",
    "é",
    "\x85",
]


@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 6))
def test_a_file_with_slips_is_read_or_refused(tmp_path_factory, seed, cuts):
    dice, text = random.Random(seed), GOOD
    for _ in range(cuts):
        at = dice.randrange(len(text))
        text = text[:at] + dice.choice(PIECES) + text[at + dice.randrange(12) :] or "-"
    file = tmp_path_factory.getbasetemp() / "slips.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        cluster = read_cluster(file)
    except ClusterError as fault:
        told = str(fault).splitlines()
        assert told == [line for line in told if line.startswith((str(file), "..."))]
    else:
        assert cluster.offers
        assert all(0 <= offer.price < float("inf") and offer.count >= 1 for offer in cluster.offers)
