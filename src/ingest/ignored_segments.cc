#include "ingest/ignored_segments.h"

#include <regex>
#include <string>

namespace inlet::ingest {
namespace {

/// The library recurses with the length of what it looks at.
constexpr std::size_t kMostBytes = 4096;

class Regex final : public IgnoredSegments {
 public:
  explicit Regex(std::regex regex) : regex_(std::move(regex)) {}

  bool Matches(std::string_view segment) const override {
    segment = segment.substr(0, kMostBytes);
    try {
      return std::regex_search(segment.begin(), segment.end(), regex_);
    } catch (const std::regex_error&) {
      return false;  // Too complex for this name.
    }
  }

 private:
  const std::regex regex_;
};

}  // namespace

Result<std::shared_ptr<const IgnoredSegments>> IgnoredSegments::Parse(std::string_view regex) {
  std::string message = "it is too long";
  if (regex.size() <= kMostBytes) {
    try {
      return std::make_shared<const Regex>(
          std::regex(regex.begin(), regex.end(), std::regex::ECMAScript | std::regex::optimize));
    } catch (const std::regex_error& error) {
      message = "'" + std::string(regex) + "' is no regular expression: " + error.what();
    }
  }
  return Fail(Condition::INVALID_PARAMETER_VALUE, {{"parameter", "ignoredPathSegmentRegex"},
                                                   {"functionName", "the options"},
                                                   {"message", std::move(message)}});
}

}  // namespace inlet::ingest
