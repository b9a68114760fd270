#pragma once

namespace inlet {

[[noreturn]] void CheckFailed(const char* expression, const char* file, int line);

}  // namespace inlet

/// Our own mistakes, where going on could write wrong data. Always on. Input of
/// a user, a file or the network never reaches it.
#define INLET_CHECK(expression) \
  (static_cast<bool>(expression) ? void() : ::inlet::CheckFailed(#expression, __FILE__, __LINE__))

/// The same in hot loops: debug builds only.
#ifdef NDEBUG
#define INLET_DCHECK(expression) void()
#else
#define INLET_DCHECK(expression) INLET_CHECK(expression)
#endif
