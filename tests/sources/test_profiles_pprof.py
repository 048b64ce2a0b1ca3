"""pprof against the protobuf runtime: any profile that it writes is read, and cut or changed ones never raise."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deep_code_reasoning.sources.profiles.samples import MAX_FRAMES
from sources.reading import read_bytes

# As in google/pprof, proto/profile.proto: name, number, type (* repeated).
FIELDS = {
    "ValueType": "type 1 int64, unit 2 int64",
    "Label": "key 1 int64, str 2 int64, num 3 int64, num_unit 4 int64",
    "Sample": "location_id 1 uint64*, value 2 int64*, label 3 Label*",
    "Mapping": "id 1 uint64, memory_start 2 uint64, memory_limit 3 uint64, filename 5 int64, has_functions 7 bool",
    "Line": "function_id 1 uint64, line 2 int64, column 3 int64",
    "Location": "id 1 uint64, mapping_id 2 uint64, address 3 uint64, line 4 Line*",
    "Function": "id 1 uint64, name 2 int64, system_name 3 int64, filename 4 int64, start_line 5 int64",
    "Profile": (
        "sample_type 1 ValueType*, sample 2 Sample*, mapping 3 Mapping*, location 4 Location*, function 5 Function*, "
        "string_table 6 string*, time_nanos 9 int64, duration_nanos 10 int64, period_type 11 ValueType, "
        "period 12 int64, comment 13 int64*, default_sample_type 14 int64"
    ),
}


def profile_class() -> Any:
    descriptor_types: Any = descriptor_pb2
    field_type = descriptor_types.FieldDescriptorProto
    file = descriptor_types.FileDescriptorProto(name="profile.proto", package="p", syntax="proto3")
    for message, fields in FIELDS.items():
        described = file.message_type.add(name=message)
        for text in fields.split(", "):
            name, number, kind = text.split()
            field = described.field.add(name=name, number=int(number))
            field.label = field_type.LABEL_REPEATED if kind.endswith("*") else field_type.LABEL_OPTIONAL
            kind = kind.rstrip("*")
            if kind in FIELDS:
                field.type, field.type_name = field_type.TYPE_MESSAGE, f".p.{kind}"
            else:
                field.type = getattr(field_type, f"TYPE_{kind.upper()}")
    pool: Any = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("p.Profile"))


Profile = profile_class()
NAMES = ["", "cpu", "nanoseconds", "main", "charge", "läuft", "pay.go", "/app/shop"]
int64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def profiles(draw: st.DrawFn) -> Any:
    profile = Profile(string_table=NAMES, time_nanos=draw(st.integers(0, 2**63 - 1)))
    types = draw(st.integers(1, 3))
    for _ in range(types):
        profile.sample_type.add(type=1, unit=2)
    for number in range(1, 5):
        profile.function.add(id=number, name=draw(st.integers(3, 5)), filename=draw(st.sampled_from([0, 6])))
        location = profile.location.add(id=number * 1000, address=number)
        for _ in range(draw(st.integers(0, 3))):
            location.line.add(function_id=draw(st.integers(1, number)), line=draw(st.integers(0, 2**31 - 1)))
    for _ in range(draw(st.integers(0, 6))):
        profile.sample.add(
            location_id=draw(st.lists(st.sampled_from([1000, 2000, 3000, 4000]), max_size=6)),
            value=draw(st.lists(int64, min_size=types, max_size=types)),
        )
    return profile


def expected(profile: Any) -> list[tuple]:
    """The obvious way: by the runtime's own objects."""
    functions = {function.id: function for function in profile.function}
    locations = {location.id: location for location in profile.location}
    rows = []
    for sample in profile.sample:
        stack = []
        for number in reversed(sample.location_id):
            lines = [
                (
                    NAMES[functions[line.function_id].name],
                    NAMES[functions[line.function_id].filename] or None,
                    line.line,
                )
                for line in reversed(locations[number].line)
            ]
            stack += lines or [(f"0x{locations[number].address:x}", None, None)]
        rows += [(float(value), [(name, file, line or None) for name, file, line in stack]) for value in sample.value]
    return rows


def rows_of(reading: Any) -> list[tuple]:
    return [
        (row["value"], [(frame["function"], frame["file"], frame["line"]) for frame in row["stack"]])
        for row in reading.rows.get("profiles", [])
    ]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(profile=profiles(), packed=st.booleans())
def test_what_the_runtime_writes_is_read(profile: Any, packed: bool, tmp_path: Path) -> None:
    data = profile.SerializeToString()
    reading = read_bytes(gzip.compress(data) if packed else data, tmp_path)
    assert (reading.reader, reading.skipped) == ("pprof", [])
    assert rows_of(reading) == expected(profile)
    assert {row["time_unix_nano"] for row in reading.rows.get("profiles", [])} <= {profile.time_nanos or None}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(profile=profiles(), data=st.data())
def test_damage_never_raises_and_is_told(profile: Any, data: st.DataObject, tmp_path: Path) -> None:
    content = bytearray(profile.SerializeToString())
    del content[data.draw(st.integers(1, len(content))) :]
    place = data.draw(st.integers(0, len(content)))
    content[place:place] = data.draw(st.binary(max_size=6))
    read_bytes(bytes(content), tmp_path)


def test_a_stack_without_an_end_is_refused(tmp_path: Path) -> None:
    profile = Profile(string_table=NAMES)
    profile.sample_type.add(type=1, unit=2)
    profile.location.add(id=1)
    profile.sample.add(location_id=[1] * (MAX_FRAMES + 1), value=[1])
    profile.sample.add(location_id=[1] * MAX_FRAMES, value=[1])
    reading = read_bytes(profile.SerializeToString(), tmp_path)
    assert (reading.count("profiles"), reading.reasons) == (1, ["stack of more than 4,096 frames"])


def test_many_samples_come_in_batches(tmp_path: Path) -> None:
    profile = Profile(string_table=NAMES)
    profile.sample_type.add(type=1, unit=2)
    profile.location.add(id=1)
    for number in range(70_000):
        profile.sample.add(location_id=[1], value=[number])
    reading = read_bytes(profile.SerializeToString(), tmp_path)
    assert sum(row["value"] for row in reading.rows["profiles"]) == sum(range(70_000))


def test_a_runtime_is_no_service(tmp_path: Path) -> None:
    for program, service in {"/usr/bin/python3.11": None, "/lib/libc.so.6": None, "/app/shop": "shop"}.items():
        profile = Profile(string_table=[*NAMES, program])
        profile.sample_type.add(type=1, unit=2)
        profile.mapping.add(id=1, filename=len(NAMES))
        profile.sample.add(value=[1])
        assert read_bytes(profile.SerializeToString(), tmp_path).only("profiles")["service_name"] == service
