#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace inlet {

void CheckFailed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "This is a bug in Inlet: %s does not hold at %s:%d.\n", expression, file,
               line);
  std::abort();
}

}  // namespace inlet
