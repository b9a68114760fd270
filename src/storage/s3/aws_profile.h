#pragma once

#include <map>
#include <string>
#include <string_view>

#include "storage/environment.h"

namespace inlet::storage {

/// The settings of one profile: "region", "aws_access_key_id", ... in lower case.
using AwsProfile = std::map<std::string, std::string>;

/// The profile that AWS_PROFILE names (or "default"), from the files that AWS_CONFIG_FILE and
/// AWS_SHARED_CREDENTIALS_FILE name (or those in ~/.aws). Missing files and profiles are empty.
AwsProfile LoadAwsProfile(const Environment& environment);

/// The settings below "[section]" of such a file's text; nested settings are left out.
AwsProfile ParseAwsSection(std::string_view text, std::string_view section);

}  // namespace inlet::storage
