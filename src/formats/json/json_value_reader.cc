#include "formats/json/json_value_reader.h"

#include "formats/encoding/text_encoding.h"
#include "formats/json/json_observer_internal.h"
#include "formats/json/json_options.h"
#include "formats/json/json_walker_internal.h"
#include "types/json_document.h"

namespace inlet::formats {
namespace {

using types::JsonKind;

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

std::unexpected<Error> Malformed(std::string_view text) {
  constexpr std::size_t kMaxShown = 1000;
  return Fail(
      Condition::MALFORMED_RECORD_IN_PARSING_WITHOUT_SUGGESTION,
      {{"badRecord", std::string(text.substr(0, kMaxShown))}, {"failFastMode", "FAILFAST"}});
}

class ValueReader final : public JsonValueReader {
 public:
  ValueReader(const types::DataType& type, JsonOptions options, const types::TimeZone& zone)
      : options_(std::move(options)), slot_(JsonSlot::Make("", type, false)) {
    context_.options = &options_;
    context_.zone = &zone;
    if (!type.is(types::TypeId::kStruct)) return;
    for (std::size_t i = 0; i < type.fields().size(); ++i) {
      const types::StructField& field = type.fields()[i];
      if (field.name == options_.corrupt_record_name && field.type.is(types::TypeId::kString)) {
        corrupt_field_ = i;
      }
    }
  }

  Status Append(std::string_view text, types::ColumnBuilder& out) override {
    if (slot_.out != &out) slot_.Bind(&out);
    if (IsBlank(text)) {
      out.AppendNull();
      return Ok();
    }
    const std::int64_t length = out.length();
    JsonOutcome outcome = JsonOutcome::kSyntax;
    document_.Load(text);
    document_.Visit(options_.syntax, [&](auto& cursor) {
      out.Truncate(length);
      outcome = ReadRoot(cursor, out);
      return outcome != JsonOutcome::kSyntax;
    });
    if (outcome == JsonOutcome::kDone) return Ok();
    if (options_.mode == ParseMode::kFailFast) {
      out.Truncate(length);
      return Malformed(text);
    }
    AppendMisfit(text, outcome, length, out);
    return Ok();
  }

 private:
  template <class Cursor>
  JsonOutcome ReadRoot(Cursor& cursor, types::ColumnBuilder& out) {
    JsonWalker<Cursor> walker(cursor, context_);
    const JsonKind kind = cursor.Peek();
    if (kind == JsonKind::kNull && slot_.id != types::TypeId::kVariant) return JsonOutcome::kMisfit;
    const bool struct_for_array = slot_.id == types::TypeId::kArray && kind == JsonKind::kObject &&
                                  slot_.children[0].id == types::TypeId::kStruct;
    if (!struct_for_array) return walker.ReadValue(slot_);
    // One object stands for an array of it.
    const JsonOutcome outcome = walker.ReadValue(slot_.children[0]);
    if (outcome == JsonOutcome::kDone || outcome == JsonOutcome::kPartial) out.CloseNested();
    return outcome;
  }

  /// What PERMISSIVE leaves of a text that does not fit or is broken.
  void AppendMisfit(std::string_view text, JsonOutcome outcome, std::int64_t length,
                    types::ColumnBuilder& out) {
    if (outcome != JsonOutcome::kPartial) {
      out.Truncate(length);
      if (slot_.id != types::TypeId::kStruct) {
        out.AppendNull();
        return;
      }
      for (std::size_t i = 0; i < out.num_children(); ++i) out.child(i).AppendNull();
      out.CloseNested();
    }
    if (!corrupt_field_) return;
    types::ColumnBuilder& corrupt = out.child(*corrupt_field_);
    corrupt.Truncate(length);
    std::string valid;
    AppendValidUtf8(text, valid);
    corrupt.AppendBytes(valid);
  }

  const JsonOptions options_;
  JsonSlot slot_;
  JsonContext context_;
  types::JsonDocument document_;
  std::optional<std::size_t> corrupt_field_;
};

/// The shape of one document.
class ShapeReader {
 public:
  ShapeReader(const JsonOptions& options, const types::TimeZone& zone)
      : options_(options), zone_(zone) {}

  bool Read(std::string_view json, JsonShape& shape) const {
    types::JsonDocument document;
    document.Load(json);
    return document.Visit(options_.syntax, [&](auto& cursor) {
      using Observer = JsonObserver<std::remove_reference_t<decltype(cursor)>>;
      shape = JsonShape();
      Observer observer(cursor, options_, zone_);
      return observer.Observe(shape, /*learn=*/true) != Observer::Found::kSyntax;
    });
  }

 private:
  const JsonOptions& options_;
  const types::TimeZone& zone_;
};

}  // namespace

Result<std::unique_ptr<JsonValueReader>> JsonValueReader::Create(
    const types::DataType& type, const OptionMap& options,
    const types::TimeZone& session_time_zone) {
  JsonOptions parsed = TRY(JsonOptions::Parse(options));
  if (!type.is_nested() && !type.is(types::TypeId::kVariant)) {
    return Fail(Condition::DATATYPE_MISMATCH_INVALID_JSON_SCHEMA, {{"schema", ToSql(type)}});
  }
  if (parsed.mode == ParseMode::kDropMalformed) {
    return Fail(Condition::PARSE_MODE_UNSUPPORTED,
                {{"funcName", "from_json"}, {"mode", "DROPMALFORMED"}});
  }
  const types::TimeZone& zone = parsed.time_zone == nullptr ? session_time_zone : *parsed.time_zone;
  return std::make_unique<ValueReader>(type, std::move(parsed), zone);
}

Result<std::string> SchemaOfJson(std::string_view json, const OptionMap& options) {
  const JsonOptions parsed = TRY(JsonOptions::Parse(options));
  JsonShape shape;
  if (!ShapeReader(parsed, types::TimeZone::Utc()).Read(json, shape)) return Malformed(json);
  const std::optional<types::DataType> type = shape.ToType(parsed);
  if (type) return ToSql(*type);
  return shape.kind() == JsonShape::Kind::kObject ? "STRUCT<>" : "STRING";
}

}  // namespace inlet::formats
