"""Files and options whose reading Apache Spark judges: name, content, options, schema (None: inferred).

`differs` says why Inlet deliberately does something else than Spark."""

CASES = []


def case(name, content, schema=None, fmt="json", differs="", **options):
    if isinstance(content, str):
        content = content.encode()
    options = {key: str(value).lower() if isinstance(value, bool) else value
               for key, value in options.items()}
    CASES.append({"name": name, "format": fmt, "content": content, "options": options,
                  "schema": schema, "differs": differs})


def lines(*rows):
    return "".join(row + "\n" for row in rows)


C = ", _corrupt_record STRING"
S = "id INT, v STRING" + C
I = "id INT, v INT, w INT" + C

# Broken records.
case("truncated", '{"id":5,"v":"x\n{"id":6}\n', S)
case("truncated_at_end", '{"id":6}\n{"id":5,"v":"x', S)
case("bad_literal", '{"id":5,"v":tru,"w":3}\n', I)
case("bad_literal_last", '{"id":5,"v":tru}\n', I)
case("missing_colon", '{"id":5,"v" 3,"w":4}\n', I)
case("missing_comma", '{"id":5 "v":3,"w":4}\n', I)
case("trailing_comma", '{"id":5,"v":3,}\n', I)
case("trailing_comma_in_array", '{"id":5,"v":[3,]}\n', S)
case("lone_brace", '}\n{\n{}\n', I)
case("unclosed_array", '{"id":5,"v":[1,2}\n', S)
case("extra_bracket", '{"id":5,"v":[1,2]]}\n', S)
case("value_over_lines", '{"id":\n5}\n', I)
case("number_with_letters", '{"id":5x}\n{"id":5.}\n{"id":-}\n{"id":1e}\n{"id":0x10}\n', I)
case("scalars", '3\n"x"\ntrue\nnull\n1.5\n', I)
case("trailing_text", '{"id":1} xyz\n{"id":1}{"id":2}\n{"id":1},\n{"id":3}}\n', I)
case("control_characters", b'{"id":1,"v":"a\tb"}\n{"id":2,"v":"a\x01b"}\n{"id":3,"v":"a\x7fb"}\n', S)
case("bad_escapes", '{"id":2,"v":"a\\qb"}\n{"id":3,"v":"it\\\'s"}\n{"id":5,"v":"\\u00zz"}\n', S)
case("cut_escape", '{"id":4,"v":"\\u12"}\n', S, differs="Jackson goes on behind a cut escape, so Spark keeps id; here the record is malformed as a whole.")
case("escapes", '{"id":1,"v":"\\b\\f\\n\\r\\t\\/\\\\\\""}\n{"id":2,"v":"\\u00e9\\u20ac\\ud83d\\ude00"}\n', S)
case("lone_surrogates", '{"id":1,"v":"a\\ud800b"}\n{"id":2,"v":"\\udc00"}\n{"id":3,"v":"\\ud800\\ud800"}\n', S)
case("not_utf8", b'{"id":1,"v":"a\xffb"}\n{"id":2}\n', S)
case("utf8_names", '{"id":1,"v":"é€😀"}\n', S)
case("blank_lines", '{"id":5}\n\n   \n\t\n{"id":6}', I)
case("carriage_returns", '{"id":5}\r{"id":6}\r\n{"id":7}', I)
case("byte_order_mark", b'\xef\xbb\xbf{"id":1}\n{"id":2}\n', I)
case("depth", '{"id":1,"z":' + "[" * 1100 + "]" * 1100 + '}\n{"id":2,"z":' + "[" * 900 + "]" * 900 + '}\n', I)
case("long_number", '{"id":1,"z":' + "9" * 1001 + '}\n{"id":2,"z":' + "9" * 1000 + '}\n', I)
case("long_name", '{"id":1,"' + "k" * 50001 + '":1}\n{"id":2,"' + "k" * 50000 + '":1}\n', I)
case("empty_file", "", I)

# Misfits.
case("misfit_of_int", lines('{"id":"1"}', '{"id":1.0}', '{"id":1.5}', '{"id":2147483648}', '{"id":""}', '{"id":true}', '{"id":{}}', '{"id":[1]}', '{"id":-2147483648}'), I)
case("misfit_keeps_others", '{"id":"x","v":1,"w":2}\n{"id":1,"v":"x","w":2}\n', I)
case("misfit_in_array", '{"id":5,"arr":[1,"x",2],"w":4}\n', "id INT, arr ARRAY<INT>, w INT" + C)
case("misfit_in_nested_array", '{"id":5,"arr":[[1],["x"]],"w":4}\n', "id INT, arr ARRAY<ARRAY<INT>>, w INT" + C)
case("misfit_in_struct", '{"s":{"a":"x","b":1},"w":4}\n', "s STRUCT<a: INT, b: INT>, w INT" + C)
case("misfit_in_struct_in_array", '{"arr":[{"a":1},{"a":"x"},{"a":3}],"w":4}\n', "arr ARRAY<STRUCT<a: INT>>, w INT" + C)
case("misfit_in_map", '{"m":{"a":1,"b":"x"},"w":4}\n', "m MAP<STRING, INT>, w INT" + C)
case("misfit_in_struct_in_map", '{"m":{"a":{"q":1},"b":{"q":"x"}},"w":4}\n', "m MAP<STRING, STRUCT<q: INT>>, w INT" + C)
case("kinds_mixed_up", '{"a":{"x":1},"b":[1],"c":"x","m":[1]}\n', "a ARRAY<INT>, b STRUCT<x: INT>, c STRUCT<x: INT>, m MAP<STRING, INT>" + C)
case("nulls", '{"a":null,"b":null,"c":null}\n{"b":[null],"c":{"x":null}}\n', "a INT, b ARRAY<INT>, c STRUCT<x: INT>" + C)
case("small_integers", lines('{"b":127,"s":32767}', '{"b":-128,"s":32768}', '{"b":-129,"s":-32769}', '{"b":256}'), "b TINYINT, s SMALLINT" + C)
case("byte_beyond_127", '{"b":200}\n', "b TINYINT" + C, differs="Spark gives -56: a wrong value. Here it does not fit.")
case("longs", lines('{"l":9223372036854775807}', '{"l":-9223372036854775808}', '{"l":9223372036854775808}', '{"l":1e3}', '{"l":"5"}'), "l BIGINT" + C)
case("floats", lines('{"f":1e39}', '{"f":0.1}', '{"f":"NaN"}', '{"f":"+INF"}', '{"f":"-Infinity"}', '{"f":"INF"}', '{"f":3}'), "f FLOAT" + C)
case("doubles", lines('{"f":1e400}', '{"f":-1e400}', '{"f":1e-400}', '{"f":"NaN"}', '{"f":"+Infinity"}', '{"f":INF}', '{"f":-INF}', '{"f":+Infinity}', '{"f":NaN}', '{"f":"1.5"}', '{"f":""}', '{"f":' + "9" * 400 + '}', '{"f":-0.0}', '{"f":123456789012345678}', '{"f":0.30000000000000004}', '{"f":2.2250738585072011e-308}'), "f DOUBLE" + C)
case("non_numeric_off", lines('{"f":NaN}', '{"f":"NaN"}', '{"f":1}'), "f DOUBLE" + C, allowNonNumericNumbers=False)
case("decimals", lines('{"d":1.005}', '{"d":"1.2"}', '{"d":12345}', '{"d":1e2}', '{"d":" 1"}', '{"d":""}', '{"d":1e-10}', '{"d":NaN}', '{"d":true}', '{"d":-0.005}', '{"d":999.995}', '{"d":"1,2.5"}', '{"d":"x"}'), "d DECIMAL(5,2)" + C)
case("large_decimals", lines('{"d":12345678901234567890.123456789012345678}', '{"d":0.1}', '{"d":99999999999999999999.9999999999999999999}'), "d DECIMAL(38,18)" + C)
case("booleans", lines('{"b":true}', '{"b":false}', '{"b":"true"}', '{"b":1}', '{"b":null}'), "b BOOLEAN" + C)
case("strings_of_other_kinds", lines('{"v":{ "q" : 1 , "z":[1,  2]}}', '{"v": 1.50e3}', '{"v":NaN}', '{"v":-0}', '{"v":true}', '{"v":[ ]}', '{"v":{}}', "{\"v\":{ 'q' : 1 }}"), S)
case("binary", lines('{"b":"aGk="}', '{"b":"!!"}', '{"b":1}', '{"b":""}'), "b BINARY" + C)
case("dates", lines('{"d":"2024-01-05"}', '{"d":"2024-1-5"}', '{"d":"2024-01-05T10:00:00"}', '{"d":"2024"}', '{"d":"2024-03"}', '{"d":19000}', '{"d":"x"}', '{"d":""}', '{"d":"2024-02-30"}', '{"d":" 2024-01-05 "}', '{"d":"0001-01-01"}', '{"d":"9999-12-31"}', '{"d":"2024/01/05"}'), "d DATE" + C)
case("date_of_days", '{"d":"123"}\n', "d DATE" + C, differs="Spark 1.5 wrote days since 1970 as text; a text of three digits is no date here.")
case("timestamps", lines('{"t":"2024-01-05"}', '{"t":"2024-1-5 1:2:3"}', '{"t":"2024-01-05T10:00:00.123456789Z"}', '{"t":"2024-01-05 10:00:00+02:00"}', '{"t":123}', '{"t":1.5}', '{"t":-1}', '{"t":""}', '{"t":" 2024-01-05 10:00:00 "}', '{"t":"2024-01-05T10:00:00 Europe/Berlin"}', '{"t":"2024-01-05T10:00"}', '{"t":"x"}', '{"t":true}'), "t TIMESTAMP" + C)
case("timestamps_ntz", lines('{"t":"2024-01-05"}', '{"t":"2024-01-05T10:00:00"}', '{"t":"2024-01-05T10:00:00Z"}', '{"t":"2024-01-05 10:00:00.5"}', '{"t":123}'), "t TIMESTAMP_NTZ" + C)
case("time_zone", lines('{"t":"2024-01-05 10:00:00"}', '{"t":"2024-07-05T10:00:00Z"}', '{"t":"2024-03-31 02:30:00"}'), "t TIMESTAMP" + C, timeZone="Europe/Berlin")
case("patterns", lines('{"d":"05/01/2024","t":"05/01/2024 10:11"}', '{"d":"2024-01-05","t":"2024-01-05T10:00:00"}'), "d DATE, t TIMESTAMP" + C, dateFormat="dd/MM/yyyy", timestampFormat="dd/MM/yyyy HH:mm")
case("ntz_pattern", lines('{"t":"05.01.2024 10:11:12"}', '{"t":"x"}'), "t TIMESTAMP_NTZ" + C, timestampNTZFormat="dd.MM.yyyy HH:mm:ss")

# Names, order, nesting.
case("case_of_names", lines('{"ID":5,"id":6}', '{"Id":5}'), I)
case("same_key_twice", '{"id":1,"id":2}\n{"id":"x","id":1}\n', I)
case("same_key_twice_with_misfit", '{"id":1,"id":"x"}\n', I, differs="The last one counts here whether it fits or not.")
case("same_key_twice_in_struct", '{"s":{"a":1,"a":2}}\n', "s STRUCT<a: INT>" + C)
case("same_key_twice_in_map", '{"m":{"a":1,"a":2}}\n', "m MAP<STRING, INT>" + C, differs="Spark makes a MAP with the same key twice.")
case("escaped_names", '{"\\u0069d":7,"v":1}\n', I)
case("unknown_fields", '{"z":[1,{"id":3}],"id":1,"y":{"v":2}}\n', I)
case("order_of_fields", lines('{"w":3,"v":2,"id":1}', '{"v":2,"id":1}', '{}'), I)
case("nested", '{"a":{"b":{"c":[{"d":1},{"d":2}]}}}\n{"a":{"b":null}}\n{"a":{"b":{"c":[]}}}\n', "a STRUCT<b: STRUCT<c: ARRAY<STRUCT<d: INT>>>>" + C)
case("map_of_arrays", '{"m":{"x":[1,2],"y":[],"z":null}}\n', "m MAP<STRING, ARRAY<INT>>" + C)
case("map_of_strings", '{"m":{"x":1,"y":{"q":[1, 2]},"z":null,"s":"t"}}\n', "m MAP<STRING, STRING>" + C)
case("array_of_maps", '{"a":[{"x":1},{},{"y":2}]}\n', "a ARRAY<MAP<STRING, INT>>" + C)
case("odd_names", '{"a b":1,"c.d":2,"e`f":3}\n', "`a b` INT, `c.d` INT, `e``f` INT" + C)
case("no_corrupt_column", '{"id":1}\n{bad\n{"id":"x","v":"y"}\n', "id INT, v STRING")
case("corrupt_column_name", '{"id":1}\n{bad\n', "id INT, broken STRING", columnNameOfCorruptRecord="broken")
case("many_fields", "{" + ",".join('"f%d":%d' % (i, i) for i in range(300)) + "}\n", ", ".join("f%d INT" % i for i in range(0, 300, 3)))

# Top-level arrays.
case("array_of_rows", '[{"id":7},{"id":8}]\n[]\n[{"id":9}]\n', I)
case("array_with_misfit", '[{"id":1},{"id":"x"}]\n', I)
case("array_with_scalar", '[{"id":1},3]\n[1]\n[null]\n[[{"id":3}]]\n', I)

# Modes.
MODES = '{"id":1}\n{"id":"x"}\n{bad\n[{"id":2},{"id":"y"}]\n{"id":3}\n'
case("mode_dropmalformed", MODES, "id INT", mode="DROPMALFORMED")
case("mode_failfast", MODES, "id INT", mode="FAILFAST")
case("mode_failfast_sound", '{"id":1}\n', "id INT", mode="FAILFAST")
case("mode_unknown", MODES, I, mode="WHATEVER")

# Grammar options.
case("single_quotes", "{'id':4,'v':'q\"z'}\n{\"id\":5,'v':\"it's\"}\n", S)
case("single_quotes_off", "{'id':4}\n{\"id\":5}\n", S, allowSingleQuotes=False)
case("unquoted_names", "{id:1,v:'x'}\n{a-b:1,id:2}\n{_x$:1,id:3}\n", S, allowUnquotedFieldNames=True)
case("unquoted_names_off", "{id:1}\n", S)
case("comments", '/* x */{"id":1 /* c */}\n{"id":2} // e\n{"id":/**/3}\n', S, allowComments=True)
case("comments_off", '{"id":1 /* c */}\n', S)
case("leading_zeros", '{"id":007,"v":-01}\n{"id":00}\n', I, allowNumericLeadingZeros=True)
case("leading_zeros_off", '{"id":007}\n{"id":0}\n{"id":-0}\n', I)
case("any_backslash", '{"id":1,"v":"a\\qb\\ "}\n', S, allowBackslashEscapingAnyCharacter=True)
case("control_characters_on", '{"id":1,"v":"a\tb"}\n', S, allowUnquotedControlChars=True)
case("plus_and_points", '{"id":+1}\n{"id":.5}\n{"id":1.}\n', I)
case("all_relaxed", "/*a*/{id:'007',v:\"a\tb\\q\"}\n", S, allowComments=True, allowUnquotedFieldNames=True, allowUnquotedControlChars=True, allowBackslashEscapingAnyCharacter=True)

# Lines and documents.
case("line_separator", '{"id":5}|{"id":6}|{"v":"x"}', S, lineSep="|")
case("line_separator_long", '{"id":5}||\n{"id":6}||\n', S, lineSep="||\n")
case("multi_line_object", '{\n  "id": 5,\n  "v":\n "x"\n}\n', S, multiLine=True)
case("multi_line_array", '[\n{"id":5},\n{"id":6}]\n', I, multiLine=True)
case("multi_line_misfit", '[\n{"id":5},\n{"id":"x"}]\n', I, multiLine=True)
case("multi_line_of_lines", '{"id":5}\n{"id":6}\n', I, multiLine=True)
case("multi_line_broken", '[\n{"id":5},\n{"id":6]\n', I, multiLine=True)
case("multi_line_empty", "", I, multiLine=True)
case("latin1", '{"id":1,"v":"é"}\n'.encode("latin1"), S, encoding="ISO-8859-1", differs="Spark wants lineSep with this encoding; here lines are found after decoding.")
case("utf16_multi_line", '{"id":1,"v":"é"}'.encode("utf-16-le"), S, encoding="UTF-16LE", multiLine=True)

# VARIANT.
case("variant_field", '{"v":{"b":1,"a":[1,2.50,"x",null]},"id":1}\n{"v":null}\n{"id":3}\n{"v":1e3}\n', "id INT, v VARIANT" + C)
case("variant_same_key_twice", '{"v":{"a":1,"a":2},"id":1}\n', "id INT, v VARIANT" + C)
case("single_variant", '{"b":1}\n[1,2]\n3\nnull\n"s"\n', None, singleVariantColumn="v")
case("single_variant_broken", '{"b":1}\n{bad\n', "v VARIANT" + C, singleVariantColumn="v")
case("single_variant_wrong_schema", '{"b":1}\n', "a INT", singleVariantColumn="v")

# Inference.
case("infer_numbers", '{"a":1,"b":"x"}\n{"a":1.5,"c":[1,null]}\n')
case("infer_large_numbers", '{"a":99999999999999999999,"b":1e5}\n{"a":1}\n')
case("infer_beyond_decimal", '{"a":123456789012345678901234567890123456789}\n')
case("infer_decimal_with_double", '{"a":99999999999999999999}\n{"a":1.5}\n{"b":99999999999999999999}\n{"b":9999999999999999999999999999999999}\n')
case("infer_prefers_decimal", '{"a":0.00001,"b":100.0,"c":"12.5","d":1.5}\n{"d":12.25}\n', prefersDecimal=True)
case("infer_timestamps", '{"a":"2024-01-02","b":"2024-01-02T10:00:00","c":"x","e":"2024"}\n', inferTimestamp=True)
case("infer_mixed_timestamps", '{"a":"2024-01-02","b":"2024-01-02"}\n{"a":"x","b":""}\n', inferTimestamp=True)
case("infer_time_of_day", '{"d":"10:00:00"}\n', inferTimestamp=True, differs="Spark takes a bare time for one of today, so the rows would change from day to day.")
case("infer_empties", '{"a":"","b":[],"c":{},"d":null,"e":[{}],"f":[null],"g":[[]]}\n')
case("infer_drop_nulls", '{"a":"","b":[],"c":{},"d":null,"e":[{}],"f":[null],"h":1}\n', dropFieldIfAllNull=True)
case("infer_scalar_line", '1\n{"a":1}\n')
case("infer_broken_line", '{bad\n{"b":1,"A":2}\n')
case("infer_broken_after_news", '{"a":1}\n{"a":1,"z":2,"y":tru}\n')
case("infer_array_lines", '[{"a":1},{"b":2}]\n[]\n')
case("infer_primitives_as_string", '{"a":{"b":1}}\n{"a":{"b":"x","c":true}}\n{"a":null,"d":[1]}\n', primitivesAsString=True)
case("infer_arrays", '{"a":[1,2]}\n{"a":["x"]}\n{"b":[{"x":1},{"y":2}]}\n{"b":[{"x":1.5}]}\n')
case("infer_not_numbers", '{"a":NaN}\n{"a":1}\n')
case("infer_booleans", '{"a":true}\n{"a":1}\n{"b":true}\n{"b":null}\n')
case("infer_kinds_mixed", '{"a":{"x":1},"b":[1],"c":{"x":1}}\n{"a":[1],"b":"x","c":5}\n')
case("infer_two_values_a_line", '{"a":1}{"b":2}\n')
case("infer_dropmalformed", '{"a":1}\n{bad\n', mode="DROPMALFORMED")
case("infer_failfast", '{"a":1}\n{bad\n', mode="FAILFAST")
case("infer_order", '{"b":1,"a":{"z":1,"y":2}}\n{"C":1,"c0":2}\n')
case("infer_empty_name", '{"":1,"b":{"":2,"c":1}}\n')
case("infer_multi_line", '[\n{"a":1},\n{"a":1.5}]\n', multiLine=True)
case("infer_unquoted", "{a:1}\n{'b':'x'}\n", allowUnquotedFieldNames=True)
case("infer_long_array_type", '{"a":[1,99999999999999999999]}\n{"a":[1.5]}\n')
case("infer_deep", '{"a":{"b":{"c":{"d":[[[{"e":1}]]]}}}}\n')

# XML.
X = "<d><r id='1'><a>1</a><b>x</b></r><r><a>2</a><a>3</a><c k='v'>t</c><e/></r></d>"


def xml(name, content, schema=None, differs="", **options):
    options.setdefault("rowTag", "r")
    case("xml_" + name, content, schema, "xml", differs, **options)


xml("infer", X)
xml("last_wins", X, "a INT" + C)
xml("array", X, "a ARRAY<INT>, c STRUCT<_VALUE: STRING, _k: STRING>")
xml("text_as_struct", "<d><r><c>t</c></r><r><c k='1'>u</c></r></d>")
xml("unclosed", "<d><r><id>1</id></r><r><id>2</id><r><id>3</id></r></d>")
xml("types", "<d><r><a>1</a>text<b><c>1</c>mid<c>x</c></b></r><r><a> 5 </a><z> q </z><t>true</t><f>1.5</f><dt>2024-01-05</dt><ts>2024-01-05T10:00:00Z</ts><n>null</n><big>99999999999999999999</big></r></d>")
xml("namespace", "<q:d xmlns:q='u'><q:r><q:a w:x='1' xmlns:w='w'>1</q:a></q:r></q:d>", rowTag="q:r")
xml("namespace_ignored", "<q:d xmlns:q='u'><q:r><q:a>1</q:a></q:r></q:d>", ignoreNamespace=True)
xml("row_text", "<d><r a='1'>x</r><r>y</r></d>")
xml("cdata", "<d><r a='1'><b>x<![CDATA[ <y> ]]></b><!-- c --><c>&lt;&amp;&#65;</c></r></d>")
xml("no_attributes", "<d><r a='1'><b c='2'>7</b></r><r><b>8</b></r></d>", excludeAttribute=True)
xml("dropmalformed", "<d><r><a>x</a></r><r><a>2</a></r></d>", "a INT", mode="DROPMALFORMED")
xml("failfast", "<d><r><a>x</a></r><r><a>2</a></r></d>", "a INT", mode="FAILFAST")
xml("map", "<d><r><m><k1>1</k1><k2>2</k2></m><l><i>1</i></l></r></d>", "m MAP<STRING,INT>, l STRUCT<i: ARRAY<INT>>")
xml("two_roots", "<r><a>1</a></r>\n<r><a>2</a></r>")
xml("nested_rows", "<d><r><r><a>1</a></r></r></d>")
xml("empty_rows", "<d><r/><r><a>1</a></r><rr><a>9</a></rr></d>")
xml("misfit_keeps_document", "<d><r><a></a><b> </b><c>x</c></r></d>", "a STRING, b STRING, c INT" + C)
xml("case_of_names", "<d><r><A>1</A><a>2</a></r></d>", "a STRING")
xml("single_variant", "<d><r id='3'><a>1</a><a>x</a><b c='1'>t</b><e/></r></d>", singleVariantColumn="v")
xml("absent_variant", "<d><r><a>1</a></r></d>", "a INT, v VARIANT")
xml("numbers", "<d><r><a>01</a><b>+1</b><c>1e3</c><e>NaN</e><f>1.</f><g>1d</g><h>-5</h></r></d>")
xml("prefixes", "<d><r x='1'>t<b/></r></d>", attributePrefix="@", valueTag="val")
xml("infer_off", "<d><r><a>1</a></r></d>", inferSchema=False, differs="inferSchema is inferColumnTypes in read_files.")
xml("null_value", "<d><r><a>-</a><b>1</b></r><r><a>5</a><b>-</b></r></d>", "a INT, b STRING", nullValue="-")
xml("dates", "<d><r><d>05/01/2024</d><t>05/01/2024 10:11</t></r></d>", "d DATE, t TIMESTAMP" + C, dateFormat="dd/MM/yyyy", timestampFormat="dd/MM/yyyy HH:mm")
xml("booleans", "<d><r><a>true</a></r><r><a>1</a></r><r><a>FALSE</a></r><r><a>yes</a></r></d>", "a BOOLEAN" + C)
xml("decimals", "<d><r><a>1.005</a><b>1,234.5</b></r></d>", "a DECIMAL(5,2), b DECIMAL(10,1)" + C)
xml("spaces_kept", "<d><r><a> x </a></r></d>", "a STRING", ignoreSurroundingSpaces=False)
xml("merge", "<d><r><a>1</a><b>true</b></r><r><a>1.5</a><b>1</b></r><r><a>x</a></r></d>")
xml("struct_of_repeated", "<d><r><i><s>1</s></i><i><s>2</s><s>3</s></i></r></d>")
xml("no_such_tag", "<d><q/></d>", "a INT")
