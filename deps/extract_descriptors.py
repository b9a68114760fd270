"""Takes the protocol definitions out of Python packages.

    extract_descriptors.py TARGET PACKAGE...

A generated module x_pb2.py has one call AddSerializedFile(b'...') whose argument is a
FileDescriptorProto. Those of WANTED and all that they import go to TARGET, each after its imports,
as one FileDescriptorSet. Needs no library.
"""

import ast
import sys
import tarfile
import zipfile

WANTED = (
    "spark/connect/",
    "delta/connect/",
    "google/rpc/status.proto",
    "google/rpc/error_details.proto",
)
# Fields of FileDescriptorProto and FileDescriptorSet.
NAME, DEPENDENCY = 1, 3
FILE = 1


def modules(package):
    """The text of every generated module in a .tar.gz or .whl."""
    if package.endswith(".gz"):
        with tarfile.open(package) as archive:
            for member in archive.getmembers():
                if member.name.endswith("_pb2.py"):
                    yield archive.extractfile(member).read().decode()
    else:
        with zipfile.ZipFile(package) as archive:
            for name in archive.namelist():
                if name.endswith("_pb2.py"):
                    yield archive.read(name).decode()


def serialized_files(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "AddSerializedFile":
            yield ast.literal_eval(node.args[0])


def read_varint(data, position):
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, position


def write_varint(value):
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def texts_of(message, field):
    """The values of a length-delimited field."""
    position = 0
    while position < len(message):
        key, position = read_varint(message, position)
        wire_type = key & 7
        if wire_type == 2:
            length, position = read_varint(message, position)
            if key >> 3 == field:
                yield message[position : position + length].decode()
            position += length
        elif wire_type == 0:
            _, position = read_varint(message, position)
        else:
            position += 4 if wire_type == 5 else 8


def main():
    target, packages = sys.argv[1], sys.argv[2:]
    files = {}
    for package in packages:
        for text in modules(package):
            for message in serialized_files(text):
                files[next(texts_of(message, NAME))] = message
    ordered = {}

    def add(name):
        if name in ordered or name not in files:  # protoc brings google/protobuf itself.
            return
        for dependency in texts_of(files[name], DEPENDENCY):
            add(dependency)
        ordered[name] = files[name]

    for name in sorted(files):
        if name.startswith(WANTED):
            add(name)
    with open(target, "wb") as out:
        for message in ordered.values():
            out.write(write_varint(FILE << 3 | 2) + write_varint(len(message)) + message)


if __name__ == "__main__":
    main()
