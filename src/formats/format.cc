#include "formats/format.h"

#include <array>

#include "formats/avro/avro_format.h"
#include "formats/binary_file/binary_file_format.h"
#include "formats/csv/csv_format.h"
#include "formats/excel/excel_format.h"
#include "formats/json/json_format.h"
#include "formats/orc/orc_format.h"
#include "formats/parquet/parquet_format.h"
#include "formats/text/text_format.h"
#include "formats/xml/xml_format.h"

namespace inlet::formats {

std::span<const Format* const> AllFormats() {
  // One line a format.
  static const std::array kFormats{
      &CsvFormat(), &JsonFormat(), &TextFormat(), &ParquetFormat(), &BinaryFileFormat(),
      &OrcFormat(), &XmlFormat(),  &AvroFormat(), &ExcelFormat(),
  };
  return kFormats;
}

const Format* FindFormat(std::string_view name) {
  for (const Format* format : AllFormats()) {
    if (EqualsIgnoreCase(format->name(), name)) return format;
  }
  return nullptr;
}

std::shared_ptr<const SchemaGuess> ConfiguredFormat::GuessSchema(
    const storage::ObjectStore&, std::span<const storage::ObjectInfo>, const InferOptions&,
    const GuessOptions&, std::stop_token) const {
  return nullptr;
}

}  // namespace inlet::formats
