#include "formats/csv/csv_guess.h"

#include <algorithm>
#include <set>

namespace inlet::formats {

using types::TypeId;

namespace {

types::StructType SchemaOf(const std::vector<CsvGuess::Column>& columns) {
  types::StructType schema;
  for (const CsvGuess::Column& column : columns) {
    schema.fields.push_back({.name = column.name, .type = column.type.ToDataType()});
  }
  return schema;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// `2024-`: no number begins so.
bool BeginsWithYear(std::string_view text) {
  return text.size() > 4 && text[4] == '-' && std::all_of(text.begin(), text.begin() + 4, IsDigit);
}

// `2024-01-31`, if the text is a date at all.
bool HasShapeOfDate(std::string_view text) {
  return text.size() == 10 && BeginsWithYear(text) && text[7] == '-' && IsDigit(text[8]) &&
         IsDigit(text[9]);
}

bool IsPlain(const CsvOptions& options) {
  if (options.date_format || options.timestamp_format) return false;
  const auto is_word = [](const std::string& text) {
    return text == "NaN" || text == "Inf" || text == "-Inf";
  };
  return is_word(options.nan_value) && is_word(options.positive_infinity) &&
         is_word(options.negative_infinity);
}

Status Wrong(std::string_view what) {
  return FailInternal("the schema that was guessed from a sample does not hold: " +
                      std::string(what));
}

}  // namespace

CsvGuess::CsvGuess(std::vector<Column> columns)
    : SchemaGuess(SchemaOf(columns)), columns_(std::move(columns)) {}

CsvGuessCheck::CsvGuessCheck(const CsvGuess& guess, const CsvOptions& options,
                             const types::TimeZone& zone)
    : guess_(guess),
      options_(options),
      inference_(options, zone),
      plain_(IsPlain(options)),
      is_text_for_sure_(guess.columns().size()) {}

Status CsvGuessCheck::CheckHeader(std::span<const std::string> header) const {
  const std::vector<CsvGuess::Column>& columns = guess_.columns();
  if (!options_.by_name) {
    const bool same = std::ranges::equal(header, columns, {}, {}, &CsvGuess::Column::name);
    return same || header.empty() ? Ok() : Wrong("another header");
  }
  std::set<std::string_view> seen;
  for (const std::string& name : header) {
    if (guess_.schema().IndexOf(name) == std::nullopt) return Wrong("a new column " + name);
    const std::string& known = columns[*guess_.schema().IndexOf(name)].name;
    if (known != name || !seen.insert(name).second) return Wrong("the column " + name);
  }
  return Ok();
}

Status CsvGuessCheck::CheckWidth(const CsvRecord& first_record) const {
  return first_record.num_fields <= guess_.columns().size() ? Ok() : Wrong("more columns");
}

// As the inference sees cells: empty ones and nullValue say nothing.
template <class Fits>
bool CsvGuessCheck::AllFit(std::size_t source, const CsvRecords& records,
                           std::span<const CsvRecord> rows, const Fits& fits) const {
  return std::ranges::all_of(rows, [&](const CsvRecord& row) {
    if (source >= row.num_fields) return true;
    const std::string_view text = records.fields[row.first_field + source].text();
    return text.empty() || text == options_.null_value || fits(text);
  });
}

bool CsvGuessCheck::FitsGuess(InferredType type, std::string_view text) const {
  return MergeInferred(type, inference_.WidenBy({}, text)) == type;
}

Status CsvGuessCheck::CheckColumn(const types::StructField& column, std::size_t source,
                                  bool has_misfits, const CsvRecords& records,
                                  std::span<const CsvRecord> rows) {
  const auto index = guess_.schema().IndexOf(column.name);
  if (!index) return Ok();
  const InferredType type = guess_.columns()[*index].type;
  // Of another type because of a hint: then it does not matter what inference says.
  if (!(type.ToDataType() == column.type)) return Ok();
  if (has_misfits) return Wrong("a value of " + column.name);
  bool fits = true;
  switch (type.id) {
    case TypeId::kString:
    case TypeId::kInteger:
    case TypeId::kLong:
    case TypeId::kDouble:
      break;  // That all cells could be converted is the proof.
    case TypeId::kBoolean:
      if (plain_) break;
      fits = AllFit(source, records, rows, [&](auto text) { return FitsGuess(type, text); });
      break;
    case TypeId::kDate:
      fits = AllFit(source, records, rows, [&](auto text) {
        return plain_ ? HasShapeOfDate(text) : FitsGuess(type, text);
      });
      break;
    case TypeId::kTimestamp:
      fits = AllFit(source, records, rows, [&](auto text) {
        return plain_ && BeginsWithYear(text) ? true : FitsGuess(type, text);
      });
      break;
    default:  // All NULL in the sample, so STRING; one text makes it STRING for sure.
      fits = AllFit(source, records, rows, [&](auto text) {
        if (is_text_for_sure_[*index]) return true;
        is_text_for_sure_[*index] = inference_.WidenBy({}, text).id == TypeId::kString;
        return static_cast<bool>(is_text_for_sure_[*index]);
      });
  }
  return fits ? Ok() : Wrong("a value of " + column.name);
}

}  // namespace inlet::formats
