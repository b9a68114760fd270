#include <cmath>

#include "engine/duckdb/functions/arrow_rows_internal.h"
#include "engine/duckdb/functions/cache_internal.h"
#include "engine/duckdb/functions/function_internal.h"
#include "engine/duckdb/functions/moments_internal.h"
#include "formats/xml/xml_text.h"
#include "formats/xml/xpath.h"

// XML text, and XPath over it.
namespace inlet::engine::functions {
namespace {

using formats::XmlDocument;
using formats::XmlTextReader;
using formats::XmlTextWriter;
using formats::XPath;
using std::string;
using std::string_view;
using types::ColumnBuilder;
using types::DataType;

Bound BindFromXml(ClientContext& context, Arguments& arguments) {
  CoerceTo(context, arguments.at(0), LogicalType::VARCHAR, "from_xml", 0);
  types::StructType columns =
      ValueOrRaise(types::ParseDdl(ColumnsText(TextOf(context, *arguments.at(1), "from_xml"))));
  const DataType type = DataType::Struct(std::move(columns.fields));
  const OptionMap options = OptionsOf(context, arguments, 2);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  ValueOrRaise(XmlTextReader::Create(type, options, *zone));  // Errors before the first row.
  arguments.resize(1);
  return Built(type, [type, options, zone] {
    auto reader = std::shared_ptr(ValueOrRaise(XmlTextReader::Create(type, options, *zone)));
    return [reader](const std::vector<Cells>& columns_of, idx_t row, ColumnBuilder& out) {
      const Cell text = columns_of[0][row];
      if (text.is_null()) {
        out.AppendNull();
      } else {
        Check(reader->Append(text.text(), out));
      }
    };
  });
}

Bound BindToXml(ClientContext& context, Arguments& arguments) {
  if (arguments.at(0)->return_type.id() == LogicalTypeId::SQLNULL) {
    return Replace(Constant(duckdb::Value(LogicalType::VARCHAR)));
  }
  const OptionMap options = OptionsOf(context, arguments, 1);
  const DataType type = FromDuckDbType(arguments[0]->return_type);
  const types::TimeZone* zone = &ZoneOf(SessionOf(context));
  const std::shared_ptr<const XmlTextWriter> writer =
      ValueOrRaise(XmlTextWriter::Create(type, options, *zone));
  arguments.resize(1);
  return WrittenRows(type, [writer](const arrow::Array& array, std::int64_t at, string& out) {
    Check(writer->Append(array, at, out));
  });
}

/// A path is mostly a constant.
const XPath& PathOf(string_view text) {
  static thread_local CompiledCache<XPath> cache;
  return cache.Get(text, [](string_view path) { return ValueOrRaise(XPath::Parse(path)); });
}

/// Nothing for an empty XML or path.
template <class T, class Ask>
std::optional<T> AskPath(string_view xml, string_view path, Ask ask) {
  if (xml.empty() || path.empty()) return std::nullopt;
  const XmlDocument document = ValueOrRaise(XmlDocument::Parse(xml));
  return ValueOrRaise(ask(PathOf(path), document));
}

std::optional<double> NumberAt(string_view xml, string_view path) {
  return AskPath<double>(xml, path, [](const XPath& query, const XmlDocument& document) {
    return query.Number(document);
  });
}

/// As Java casts: toward zero, NaN is 0, what is out of range is the nearest.
template <class Integer>
std::optional<Integer> WholeAt(string_view xml, string_view path) {
  const auto number = NumberAt(xml, path);
  if (!number) return std::nullopt;
  if (std::isnan(*number)) return Integer{0};
  using Wide = std::conditional_t<sizeof(Integer) == 8, std::int64_t, std::int32_t>;
  constexpr auto kLeast = static_cast<double>(std::numeric_limits<Wide>::min());
  constexpr auto kMost = static_cast<double>(std::numeric_limits<Wide>::max());
  if (*number <= kLeast) return static_cast<Integer>(std::numeric_limits<Wide>::min());
  if (*number >= kMost) return static_cast<Integer>(std::numeric_limits<Wide>::max());
  return static_cast<Integer>(static_cast<Wide>(*number));
}

void AddXPath(Registry& registry) {
  registry.Add("spark_xpath", [](string_view xml, string_view path) {
    return AskPath<StringList>(xml, path, [](const XPath& query, const XmlDocument& document) {
      return query.Nodes(document);
    });
  });
  registry.Add("spark_xpath_string", [](string_view xml, string_view path) {
    return AskPath<string>(xml, path, [](const XPath& query, const XmlDocument& document) {
      return query.Text(document);
    });
  });
  registry.Add("spark_xpath_boolean", [](string_view xml, string_view path) {
    return AskPath<bool>(xml, path, [](const XPath& query, const XmlDocument& document) {
      return query.Boolean(document);
    });
  });
  registry.Add("spark_xpath_double",
               [](string_view xml, string_view path) { return NumberAt(xml, path); });
  registry.Add("spark_xpath_float", [](string_view xml, string_view path) -> std::optional<float> {
    const auto number = NumberAt(xml, path);
    return number ? std::optional(static_cast<float>(*number)) : std::nullopt;
  });
  registry.Add("spark_xpath_long",
               [](string_view xml, string_view path) { return WholeAt<std::int64_t>(xml, path); });
  registry.Add("spark_xpath_int",
               [](string_view xml, string_view path) { return WholeAt<std::int32_t>(xml, path); });
  registry.Add("spark_xpath_short",
               [](string_view xml, string_view path) { return WholeAt<std::int16_t>(xml, path); });
}

}  // namespace

void AddXmlFunctions(Registry& registry) {
  registry.AddBound("spark_from_xml", BindFromXml);
  registry.AddBound("spark_to_xml", BindToXml);
  registry.AddBound("spark_schema_of_xml", [](ClientContext& context, Arguments& arguments) {
    const string xml = TextOf(context, *arguments.at(0), "schema_of_xml");
    return Replace(Constant(duckdb::Value(ValueOrRaise(
        formats::SchemaOfXml(xml, OptionsOf(context, arguments, 1), ZoneOf(SessionOf(context)))))));
  });
  AddXPath(registry);
}

}  // namespace inlet::engine::functions
