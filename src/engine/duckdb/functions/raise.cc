#include "engine/duckdb/functions/raise.h"

#include <charconv>
#include <duckdb/common/error_data.hpp>
#include <duckdb/common/exception.hpp>
#include <string>

namespace inlet::engine {
namespace {

constexpr char kErrorKey[] = "inlet_error";

/// One text of printable ASCII, for DuckDB makes JSON of it: values may hold any bytes.
class FieldWriter {
 public:
  void Add(std::string_view value) {
    constexpr char kHex[] = "0123456789abcdef";
    for (const char c : value) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte > ' ' && byte < 0x7f && c != '%' && c != '"' && c != '\\') {
        text_ += c;
      } else {
        text_ += {'%', kHex[byte >> 4], kHex[byte & 15]};
      }
    }
    text_ += ' ';
  }
  void Add(std::uint32_t number) { Add(std::to_string(number)); }
  std::string Take() { return std::move(text_); }

 private:
  std::string text_;
};

class FieldReader {
 public:
  explicit FieldReader(std::string_view text) : text_(text) {}

  bool at_end() const { return text_.empty(); }

  std::string Text() {
    std::string value;
    const std::string_view field = text_.substr(0, text_.find(' '));
    text_.remove_prefix(std::min(text_.size(), field.size() + 1));
    for (std::size_t i = 0; i < field.size(); ++i) {
      int byte = field[i];
      if (field[i] == '%' && i + 2 < field.size()) {
        std::from_chars(field.data() + i + 1, field.data() + i + 3, byte, 16);
        i += 2;
      }
      value += static_cast<char>(byte);
    }
    return value;
  }
  std::uint32_t Number() { return static_cast<std::uint32_t>(std::stoul(Text())); }

 private:
  std::string_view text_;
};

}  // namespace

void Raise(const Error& error) {
  FieldWriter fields;
  fields.Add(static_cast<std::uint32_t>(error.condition));
  fields.Add(error.context);
  fields.Add(error.hint);
  fields.Add(error.span.begin);
  fields.Add(error.span.end);
  for (const auto& [name, value] : error.params) {
    fields.Add(name);
    fields.Add(value);
  }
  duckdb::unordered_map<std::string, std::string> extra;
  extra[kErrorKey] = fields.Take();
  throw duckdb::Exception(extra, duckdb::ExceptionType::INVALID_INPUT,
                          std::string(error.info().name));
}

void Raise(Condition condition, std::initializer_list<Param> params) {
  Raise(Fail(condition, params).error());
}

std::optional<Error> DecodeRaised(const duckdb::ErrorData& error) {
  const auto& extra = error.ExtraInfo();
  auto text = extra.find(kErrorKey);
  if (text == extra.end()) return std::nullopt;
  FieldReader fields(text->second);
  Error decoded{.condition = static_cast<Condition>(fields.Number())};
  decoded.context = fields.Text();
  decoded.hint = fields.Text();
  decoded.span.begin = fields.Number();
  decoded.span.end = fields.Number();
  while (!fields.at_end()) {
    std::string name = fields.Text();
    decoded.params.emplace_back(std::move(name), fields.Text());
  }
  return decoded;
}

}  // namespace inlet::engine
