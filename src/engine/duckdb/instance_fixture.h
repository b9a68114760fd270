#pragma once

#include "base/testing.h"
#include "engine/duckdb/instance.h"

namespace inlet::engine {

/// One instance for the tests of a suite. It ends with the suite: DuckDB's destructor needs what is
/// local to the main thread, which is gone when static objects are destroyed.
class WithInstance : public testing::Test {
 public:
  static void TearDownTestSuite() { instance_.reset(); }

  static DuckDbInstance& Instance() {
    if (!instance_) instance_ = Value(DuckDbInstance::Open({.threads = 4}));
    return *instance_;
  }

 private:
  inline static std::unique_ptr<DuckDbInstance> instance_;
};

}  // namespace inlet::engine
