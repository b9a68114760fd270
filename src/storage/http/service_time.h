#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace inlet::storage {

/// UTC, milliseconds since 1970-01-01.
using NowMs = std::function<std::int64_t()>;
std::int64_t SystemNowMs();

/// "2026-11-22T14:08:17.123Z", with or without a fraction; Z only.
std::optional<std::int64_t> ParseIsoTimeMs(std::string_view text);

/// "Sun, 22 Nov 2026 14:08:17 GMT".
std::optional<std::int64_t> ParseHttpTimeMs(std::string_view text);
std::string FormatHttpTime(std::int64_t time_ms);

/// "20261122T140817Z".
std::string FormatCompactTime(std::int64_t time_ms);

}  // namespace inlet::storage
