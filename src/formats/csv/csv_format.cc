#include "formats/csv/csv_format.h"

namespace inlet::formats {
namespace {

class CsvFormatImpl : public Format {
 public:
  std::string_view name() const override { return "csv"; }
  std::span<const OptionSpec> options() const override { return {}; }
  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap&, bool) const override {
    return FailUnsupported("reading csv");
  }
};

}  // namespace

const Format& CsvFormat() {
  static const CsvFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
