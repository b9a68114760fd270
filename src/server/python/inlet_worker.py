"""Runs the Python functions of Spark Connect clients, on behalf of `inlet serve`.

The server starts this program with a socket as file 3 and a pipe as file 4 that ends when the
server does. A message is a kind (one letter), the length of a JSON header, the length of a body,
the two. The server asks, this program answers:

    D define: header {key, ...}, body: the pickled function        O done
    C call: header {key, ...}, body: an Arrow stream               R body: an Arrow stream, or O
    M map: header {key}, batches as they are asked for             (N B)* R* ... O
    N (from here) the next batch, please                           B body: an Arrow stream, or E

An answer of X carries a traceback.
"""

import collections
import inspect
import json
import os
import socket
import struct
import sys
import threading
import traceback

HEAD = struct.Struct("<cIQ")

BATCHED, ARROW_BATCHED = 100, 101
SCALAR_PANDAS, GROUPED_MAP_PANDAS, GROUPED_AGG_PANDAS = 200, 201, 202
SCALAR_PANDAS_ITER, MAP_PANDAS_ITER, COGROUPED_MAP_PANDAS, MAP_ARROW_ITER = 204, 205, 206, 207
GROUPED_MAP_ARROW, COGROUPED_MAP_ARROW = 209, 210
GROUPED_MAP_ARROW_ITER, GROUPED_MAP_PANDAS_ITER, GROUPED_AGG_PANDAS_ITER = 215, 216, 217
SCALAR_ARROW, SCALAR_ARROW_ITER, GROUPED_AGG_ARROW, GROUPED_AGG_ARROW_ITER = 250, 251, 252, 254

MAX_FUNCTIONS = 200


class Wire:
    def __init__(self, connection):
        self.file = connection.makefile("rwb", buffering=1 << 16)

    def receive(self):
        kind, header_size, body_size = HEAD.unpack(self.exactly(HEAD.size))
        header = json.loads(self.exactly(header_size) or b"{}")
        return kind, header, self.exactly(body_size)

    def exactly(self, size):
        data = self.file.read(size)
        if len(data) != size:
            os._exit(0)  # The server is gone.
        return data

    def send(self, kind, body=b""):
        self.file.write(HEAD.pack(kind, 0, len(body)))
        self.file.write(body)
        self.file.flush()


def watch_server():
    try:
        os.read(4, 1)
    finally:
        os._exit(0)


def limit_memory():
    limit = int(os.environ.get("INLET_PYTHON_MEMORY", "0"))
    if limit > 0:
        import resource

        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def table_from(body):
    with pa.ipc.open_stream(pa.py_buffer(body)) as reader:
        return reader.read_all()


def bytes_from(batches, schema):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in batches:
            writer.write(batch)
    return sink.getvalue()


def arrow_type(data_type):
    try:
        return to_arrow_type(data_type, timezone="UTC")
    except TypeError:  # Before 4.2.
        return to_arrow_type(data_type)


def one_chunk(column):
    if isinstance(column, pa.ChunkedArray):
        return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    return column


# ---- Between Arrow, pandas and rows


def to_series(column, data_type, zone):
    """A column as pandas UDFs get it: a Series, or a DataFrame for a struct."""
    column = one_chunk(column)
    if isinstance(data_type, StructType):
        parts = {field.name: to_series(child, field.dataType, zone)
                 for field, child in zip(data_type.fields, column.flatten())}
        return pd.DataFrame(parts, index=range(len(column)))
    series = column.to_pandas(date_as_object=True, coerce_temporal_nanoseconds=True)
    convert = _create_converter_to_pandas(
        data_type, True, timezone=zone, struct_in_pandas="dict",
        error_on_duplicated_field_names=False)
    return convert(pd.Series(series))


def to_frame(table, schema, zone):
    columns = [to_series(column, field.dataType, zone)
               for field, column in zip(schema.fields, table.columns)]
    frame = pd.DataFrame({i: column if isinstance(column, pd.Series) else list(column.to_dict("records"))
                          for i, column in enumerate(columns)}, index=range(table.num_rows))
    frame.columns = [field.name for field in schema.fields]
    return frame


def from_series(series, data_type, zone):
    if isinstance(data_type, StructType) and isinstance(series, pd.DataFrame):
        return from_frame(series, data_type, zone)
    if not isinstance(series, pd.Series):
        series = pd.Series(series)
    series = _create_converter_from_pandas(
        data_type, timezone=zone, error_on_duplicated_field_names=False)(series)
    target = arrow_type(data_type)
    try:
        return one_chunk(pa.Array.from_pandas(series, mask=series.isnull(), type=target, safe=True))
    except TypeError as broken:
        raise TypeError(f"values of type {series.dtype} do not become {data_type.simpleString()}") \
            from broken


def from_frame(frame, schema, zone):
    """The columns by name when they have names, else by position."""
    by_name = any(isinstance(name, str) for name in frame.columns)
    if by_name:
        missing = [f.name for f in schema.fields if f.name not in frame.columns]
        extra = [str(name) for name in frame.columns if name not in schema.names]
        if missing or extra:
            raise ValueError(
                "the columns of the returned pandas.DataFrame are not those of the schema"
                + (f"; missing: {', '.join(missing)}" if missing else "")
                + (f"; unexpected: {', '.join(extra)}" if extra else ""))
    elif len(frame.columns) != len(schema.fields):
        raise ValueError(f"the returned pandas.DataFrame has {len(frame.columns)} columns, "
                         f"the schema {len(schema.fields)}")
    arrays = [from_series(frame[field.name] if by_name else frame.iloc[:, i], field.dataType, zone)
              for i, field in enumerate(schema.fields)]
    return struct_of(arrays, schema, len(frame))


def struct_of(arrays, schema, rows):
    target = arrow_type(schema)
    if not arrays:
        return pa.array([{}] * rows, type=target)
    return pa.StructArray.from_arrays(
        [array.cast(field.type) for array, field in zip(arrays, target)], fields=list(target))


def from_table(table, schema):
    """A returned Arrow table: its columns by name, as the schema has them."""
    if isinstance(table, pa.RecordBatch):
        table = pa.Table.from_batches([table])
    if not isinstance(table, pa.Table):
        raise TypeError(f"the function gave {type(table).__name__}, not a pyarrow.Table")
    missing = [f.name for f in schema.fields if f.name not in table.column_names]
    if missing or len(table.column_names) != len(schema.fields):
        raise ValueError(f"the columns of the returned table are {', '.join(table.column_names)}, "
                         f"not {', '.join(schema.names)}")
    target = arrow_type(schema)
    arrays = []
    for field in target:
        column = one_chunk(table.column(field.name))
        if not column.type.equals(field.type):
            column = column.cast(field.type)
        arrays.append(column)
    return struct_of(arrays, schema, table.num_rows)


def from_values(values, data_type):
    """What functions over rows gave."""
    schema = StructType([StructField("_0", data_type)])
    try:
        if is_plain(data_type):
            try:
                return pa.array(values, type=arrow_type(data_type))
            except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError):
                pass  # They are of another type: the slower way converts them.
        table = LocalDataToArrowConversion.convert([(value,) for value in values], schema, False)
        return one_chunk(table.column(0))
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError):
        # As Arrow-optimized Python UDFs of Spark do: what can be cast is.
        return pa.array(values).cast(arrow_type(data_type))


def is_plain(data_type):
    """Whether Python's values and Arrow's are the same ones."""
    return isinstance(data_type, (BooleanType, DateType, DoubleType, FloatType, IntegralType,
                                  StringType))


def rows_of(table, schema):
    return ArrowTableToRowsConversion.convert(table, schema) if schema.fields else \
        [()] * table.num_rows


# ---- Functions


class Function:
    def __init__(self, header, command):
        self.eval_type = header["eval_type"]
        self.zone = header["zone"]
        self.func, self.type = cloudpickle.loads(command)
        self.schema = StructType.fromJson(header["arguments"])
        self.names = header["names"]  # Of arguments that were given by name; else empty texts.
        self.generator = None
        self.waiting = collections.deque()
        self.had_end = False

    def call(self, header, body):
        table = table_from(body)
        rows = header["rows"]
        kind = self.eval_type
        if kind in (BATCHED, ARROW_BATCHED):
            result = self.by_row(table, rows)
        elif kind in (SCALAR_PANDAS, SCALAR_ARROW):
            result = self.by_column(table, rows)
        elif kind in (SCALAR_PANDAS_ITER, SCALAR_ARROW_ITER):
            result = self.by_iterator(table, rows)
        elif kind in (GROUPED_AGG_PANDAS, GROUPED_AGG_ARROW, GROUPED_AGG_PANDAS_ITER,
                      GROUPED_AGG_ARROW_ITER):
            result = from_values([self.aggregate(group, index) for index, group in
                                  enumerate(self.groups(table, 0))], self.type)
        elif kind in (GROUPED_MAP_PANDAS, GROUPED_MAP_ARROW, GROUPED_MAP_PANDAS_ITER,
                      GROUPED_MAP_ARROW_ITER):
            result = self.lists(self.map_group(table, i, group)
                                for i, group in enumerate(self.groups(table, 0)))
        elif kind in (COGROUPED_MAP_PANDAS, COGROUPED_MAP_ARROW):
            result = self.lists(self.map_groups(table, i, left, right) for i, (left, right) in
                                enumerate(zip(self.groups(table, 0), self.groups(table, 1))))
        else:
            raise NotImplementedError(f"Python functions of the kind {kind}")
        if len(result) != rows:
            raise ValueError(f"the function gave {len(result)} values for {rows} rows")
        batch = pa.RecordBatch.from_arrays([result], ["_0"])
        return bytes_from([batch], batch.schema)

    def split(self, values):
        """Positional and named arguments."""
        positional = [v for v, name in zip(values, self.names) if not name]
        return positional, {name: v for v, name in zip(values, self.names) if name}

    def by_row(self, table, rows):
        if not self.schema.fields:
            return from_values([self.func() for _ in range(rows)], self.type)
        found = []
        if all(is_plain(field.dataType) for field in self.schema.fields):
            given = zip(*(column.to_pylist() for column in table.columns))
            if not any(self.names):
                func = self.func
                return from_values([func(*row) for row in given], self.type)
        else:
            given = rows_of(table, self.schema)
        for row in given:
            positional, named = self.split(tuple(row))
            found.append(self.func(*positional, **named))
        return from_values(found, self.type)

    def columns(self, table):
        if self.eval_type in (SCALAR_ARROW, SCALAR_ARROW_ITER):
            return [one_chunk(column) for column in table.columns]
        return [to_series(column, field.dataType, self.zone)
                for field, column in zip(self.schema.fields, table.columns)]

    def result(self, value):
        if self.eval_type in (SCALAR_ARROW, SCALAR_ARROW_ITER):
            value = one_chunk(value)
            target = arrow_type(self.type)
            return value if value.type.equals(target) else value.cast(target)
        return from_series(value, self.type, self.zone)

    def by_column(self, table, rows):
        positional, named = self.split(self.columns(table))
        return self.result(self.func(*positional, **named))

    def by_iterator(self, table, rows):
        """One generator sees batch after batch; one that reads ahead gets an end in between."""
        columns = self.columns(table)
        self.waiting.append(columns[0] if len(columns) == 1 else tuple(columns))

        def feed():
            while self.waiting:
                yield self.waiting.popleft()
            self.had_end = True

        if self.generator is None:
            self.had_end = False
            self.generator = iter(self.func(feed()))
        try:
            value = next(self.generator)
        except StopIteration:
            raise ValueError("the function gave no values for a batch") from None
        if self.had_end:
            left = next(self.generator, None)
            self.generator = None
            if left is not None:
                raise ValueError("the function gave more batches than it got")
        return self.result(value)

    def groups(self, table, index):
        """The rows of each group, of a column of lists of structs, as tables."""
        column = one_chunk(table.column(index))
        for i in range(len(column)):
            cell = column[i]
            if cell.is_valid:
                rows = cell.values
            else:
                rows = pa.array([], type=column.type.value_type)
            names = [field.name for field in rows.type]
            yield pa.Table.from_arrays(rows.flatten(), names=names)

    def row_schema(self, index):
        return self.schema.fields[index].dataType.elementType

    def aggregate(self, group, index):
        schema = self.row_schema(0)
        if self.eval_type in (GROUPED_AGG_ARROW, GROUPED_AGG_ARROW_ITER):
            columns = [one_chunk(column) for column in group.columns]
        else:
            columns = [to_series(column, field.dataType, self.zone)
                       for field, column in zip(schema.fields, group.columns)]
        if self.eval_type in (GROUPED_AGG_PANDAS_ITER, GROUPED_AGG_ARROW_ITER):
            value = self.func(iter([columns[0] if len(columns) == 1 else tuple(columns)]))
        else:
            positional, named = self.split(columns)
            value = self.func(*positional, **named)
        if isinstance(value, pa.Scalar):
            value = value.as_py()
        return value.item() if hasattr(value, "item") else value

    def key(self, table, row, first):
        fields = self.schema.fields[first:]
        if self.eval_type in (GROUPED_MAP_ARROW, COGROUPED_MAP_ARROW, GROUPED_MAP_ARROW_ITER):
            return tuple(one_chunk(table.column(first + i))[row] for i in range(len(fields)))
        return tuple(
            to_series(one_chunk(table.column(first + i)).slice(row, 1), f.dataType, self.zone).iloc[0]
            for i, f in enumerate(fields))

    def takes_key(self, groups):
        return len(inspect.getfullargspec(self.func).args) > groups

    def map_group(self, table, row, group):
        arguments = [self.key(table, row, 1)] if self.takes_key(1) else []
        kind = self.eval_type
        if kind == GROUPED_MAP_ARROW:
            return from_table(self.func(*arguments, group), self.type)
        if kind == GROUPED_MAP_ARROW_ITER:
            found = [from_table(one, self.type)
                     for one in self.func(*arguments, iter(group.combine_chunks().to_batches()))]
        else:
            frame = to_frame(group, self.row_schema(0), self.zone)
            if kind == GROUPED_MAP_PANDAS:
                return self.from_result(self.func(*arguments, frame))
            found = [self.from_result(one) for one in self.func(*arguments, iter([frame]))]
        return pa.concat_arrays(found) if found else pa.array([], type=arrow_type(self.type))

    def from_result(self, frame):
        if not isinstance(frame, pd.DataFrame):
            raise TypeError(f"the function gave {type(frame).__name__}, not a pandas.DataFrame")
        if len(frame) == 0 and len(frame.columns) == 0:
            return pa.array([], type=arrow_type(self.type))
        return from_frame(frame, self.type, self.zone)

    def map_groups(self, table, row, left, right):
        arguments = [self.key(table, row, 2)] if self.takes_key(2) else []
        if self.eval_type == COGROUPED_MAP_ARROW:
            return from_table(self.func(*arguments, left, right), self.type)
        return self.from_result(self.func(
            *arguments, to_frame(left, self.row_schema(0), self.zone),
            to_frame(right, self.row_schema(1), self.zone)))

    def lists(self, results):
        parts, offsets = [], [0]
        for part in results:
            parts.append(part)
            offsets.append(offsets[-1] + len(part))
        values = pa.concat_arrays(parts) if parts else pa.array([], type=arrow_type(self.type))
        return pa.ListArray.from_arrays(pa.array(offsets, type=pa.int32()), values)

    def map(self, wire, header):
        """mapInPandas and mapInArrow."""
        if self.eval_type == MAP_ARROW_ITER:
            given = batches_of(wire)
            made = (from_table(one, self.type) for one in self.func(given))
        else:
            given = (to_frame(pa.Table.from_batches([batch]), self.schema, self.zone)
                     for batch in batches_of(wire))
            made = (self.from_result(one) for one in self.func(given))
        for rows in made:
            batch = pa.RecordBatch.from_struct_array(rows)
            if batch.num_rows > 0:
                wire.send(b"R", bytes_from([batch], batch.schema))


def batches_of(wire):
    while True:
        wire.send(b"N")
        kind, _, body = wire.receive()
        if kind == b"E":
            return
        yield from table_from(body).to_batches()


class ForEach:
    """df.writeStream.foreach(f)"""

    def __init__(self, header, command):
        self.func = cloudpickle.loads(command)[0]
        self.schema = StructType.fromJson(header["arguments"])

    def map(self, wire, header):
        context = TaskContext._getOrCreate()
        context._partitionId = 0
        context._localProperties = {"streaming.sql.batchId": str(header["batch_id"])}

        def rows():
            for batch in batches_of(wire):
                yield from rows_of(pa.Table.from_batches([batch]), self.schema)

        for _ in self.func(0, rows()):
            pass


class ForEachBatch:
    """df.writeStream.foreachBatch(f): this program becomes a client of the server's."""

    def __init__(self, header, command):
        import grpc
        from pyspark.sql.connect.client import ChannelBuilder
        from pyspark.sql.connect.session import SparkSession

        class Local(ChannelBuilder):
            @property
            def host(self):
                return "localhost"

            def toChannel(self):
                options = list(self._channel_options) + [
                    ("grpc.default_authority", "localhost")]
                return grpc.insecure_channel("unix:" + os.environ["INLET_SOCKET"], options=options)

            def metadata(self):
                token = os.environ.get("INLET_WORKER_TOKEN")
                return [("authorization", "Bearer " + token)] if token else []

        os.environ["SPARK_CONNECT_MODE_ENABLED"] = "1"
        builder = Local()
        builder.set(ChannelBuilder.PARAM_SESSION_ID, header["session_id"])
        builder.set(ChannelBuilder.PARAM_USER_ID, header["user_id"])
        self.session = SparkSession.builder.channelBuilder(builder).getOrCreate()
        self.func = cloudpickle.loads(command)

    def call(self, header, body):
        frame = self.session._create_remote_dataframe(header["relation_id"])
        self.func(frame, header["batch_id"])
        return None


KINDS = {"udf": Function, "foreach": ForEach, "foreach_batch": ForEachBatch}


def serve(wire):
    functions = collections.OrderedDict()
    while True:
        kind, header, body = wire.receive()
        try:
            if kind == b"D":
                mine = "%d.%d" % sys.version_info[:2]
                if header["python_ver"] and header["python_ver"] != mine:
                    raise RuntimeError(
                        f"The function was made by Python {header['python_ver']}, the server's "
                        f"Python is {mine}. Start the server with INLET_PYTHON, or set "
                        "spark.pyspark.python, to an interpreter of the client's version.")
                add_paths(header.get("path"))
                functions[header["key"]] = KINDS[header["kind"]](header, body)
                while len(functions) > MAX_FUNCTIONS:
                    functions.popitem(last=False)
                wire.send(b"O")
            elif kind == b"C":
                answer = functions[header["key"]].call(header, body)
                wire.send(b"O" if answer is None else b"R", answer or b"")
            else:
                functions[header["key"]].map(wire, header)
                wire.send(b"O")
        except BaseException:  # What user code raises, SystemExit too.
            wire.send(b"X", traceback.format_exc().encode("utf-8", "replace"))
        finally:
            sys.stdout.flush()


def add_paths(folder):
    """Modules that the client has sent: the folder, and the archives in it."""
    if not folder or not os.path.isdir(folder):
        return
    archives = [os.path.join(folder, name) for name in sorted(os.listdir(folder))
                if name.endswith((".zip", ".egg"))]
    for path in [folder, *archives]:
        if path not in sys.path:
            sys.path.insert(1, path)


if __name__ == "__main__":
    threading.Thread(target=watch_server, daemon=True).start()
    wire = Wire(socket.socket(fileno=3))
    try:
        limit_memory()
        import pandas as pd
        import pyarrow as pa
        from pyspark import cloudpickle
        from pyspark.sql.pandas.types import (
            _create_converter_from_pandas,
            _create_converter_to_pandas,
            to_arrow_type,
        )
        from pyspark.sql.types import (
            BooleanType,
            DateType,
            DoubleType,
            FloatType,
            IntegralType,
            StringType,
            StructField,
            StructType,
        )
        from pyspark.taskcontext import TaskContext

        try:
            from pyspark.sql.conversion import (
                ArrowTableToRowsConversion,
                LocalDataToArrowConversion,
            )
        except ImportError:  # Before 4.1.
            from pyspark.sql.connect.conversion import (
                ArrowTableToRowsConversion,
                LocalDataToArrowConversion,
            )
    except BaseException as broken:
        wire.send(b"X", f"{type(broken).__name__}: {broken}".encode("utf-8", "replace"))
        os._exit(1)
    wire.send(b"O")
    serve(wire)
