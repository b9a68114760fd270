#include "server/spark_connect/protocol/deep_messages.h"
// The generated service, compiled so that requests are read as that header says.
#include <spark/connect/base.grpc.pb.cc>
