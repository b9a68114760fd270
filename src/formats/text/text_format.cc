#include "formats/text/text_format.h"

namespace inlet::formats {
namespace {

class TextFormatImpl : public Format {
 public:
  std::string_view name() const override { return "text"; }
  std::span<const OptionSpec> options() const override { return {}; }
  Result<std::unique_ptr<ConfiguredFormat>> Configure(const OptionMap&, bool) const override {
    return FailUnsupported("reading text");
  }
};

}  // namespace

const Format& TextFormat() {
  static const TextFormatImpl kFormat;
  return kFormat;
}

}  // namespace inlet::formats
