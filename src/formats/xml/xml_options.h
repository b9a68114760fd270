#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/option_map.h"
#include "base/result.h"
#include "formats/encoding/text_encoding.h"
#include "formats/format.h"
#include "types/datetime_pattern.h"
#include "types/time_zone.h"

namespace inlet::formats {

/// The options of the XML reader. Immutable.
/// Source: Databricks, "XML options"; reference read_files.md 3.6.
struct XmlOptions {
  std::string row_tag;  ///< Empty, for texts alone: the root.
  bool exclude_attributes = false;
  bool ignore_surrounding_spaces = true;
  bool ignore_namespace = false;
  bool reader_case_sensitive = true;
  ParseMode mode = ParseMode::kPermissive;
  std::string corrupt_record_name = "_corrupt_record";
  std::string attribute_prefix = "_";
  std::string value_tag = "_VALUE";
  std::optional<std::string> null_value;
  std::optional<TextEncoding> encoding;                ///< None: what the document itself says.
  std::optional<types::DateTimePattern> date_pattern;  ///< None: the grammar of CAST.
  std::optional<types::DateTimePattern> timestamp_pattern;  ///< So here.
  std::optional<types::DateTimePattern> timestamp_ntz_pattern;
  const types::TimeZone* time_zone = nullptr;  ///< Null: that of the session.
  std::optional<std::string> single_variant_column;

  /// Errors: XML_ROW_TAG_MISSING; INVALID_PARAMETER_VALUE and its sub-classes.
  static Result<XmlOptions> Parse(const OptionMap& options);
  static std::span<const OptionSpec> Known();
};

}  // namespace inlet::formats
