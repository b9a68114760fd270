#include "storage/s3/aws_profile.h"

#include "base/option_map.h"
#include "storage/small_file.h"

namespace inlet::storage {
namespace {

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

}  // namespace

AwsProfile ParseAwsSection(std::string_view text, std::string_view section) {
  AwsProfile profile;
  bool is_inside = false;
  while (!text.empty()) {
    const std::string_view raw_line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), raw_line.size() + 1));
    const std::string_view line = Trimmed(raw_line);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      is_inside = line.ends_with(']') && Trimmed(line.substr(1, line.size() - 2)) == section;
      continue;
    }
    const std::size_t equals = line.find('=');
    const bool is_nested = raw_line[0] == ' ' || raw_line[0] == '\t';
    if (!is_inside || is_nested || equals == std::string_view::npos) continue;
    profile[ToLower(Trimmed(line.substr(0, equals)))] = Trimmed(line.substr(equals + 1));
  }
  return profile;
}

AwsProfile LoadAwsProfile(const Environment& environment) {
  const std::string name = environment("AWS_PROFILE").value_or("default");
  const std::string home = environment("HOME").value_or("") + "/.aws/";
  const std::string config =
      ReadSmallFile(environment("AWS_CONFIG_FILE").value_or(home + "config")).value_or("");
  const std::string credentials =
      ReadSmallFile(environment("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "credentials"))
          .value_or("");

  AwsProfile profile = ParseAwsSection(credentials, name);
  profile.merge(ParseAwsSection(config, name == "default" ? name : "profile " + name));
  return profile;
}

}  // namespace inlet::storage
