#include "sql/operator_text_internal.h"

namespace inlet::sql {

OperatorText TextOf(BinaryOperator op) {
  using enum BinaryOperator;
  switch (op) {
    case kAdd:
      return {"+", 10};
    case kSubtract:
      return {"-", 10};
    case kMultiply:
      return {"*", 11};
    case kDivide:
      return {"/", 11};
    case kIntegerDivide:
      return {"div", 11};
    case kModulo:
      return {"%", 11};
    case kConcat:
      return {"||", 10};
    case kBitwiseAnd:
      return {"&", 8};
    case kBitwiseOr:
      return {"|", 6};
    case kBitwiseXor:
      return {"^", 7};
    case kShiftLeft:
      return {"<<", 9};
    case kShiftRight:
      return {">>", 9};
    case kShiftRightUnsigned:
      return {">>>", 9};
    case kEqual:
      return {"=", 5};
    case kNotEqual:
      return {"<>", 5};
    case kLess:
      return {"<", 5};
    case kLessOrEqual:
      return {"<=", 5};
    case kGreater:
      return {">", 5};
    case kGreaterOrEqual:
      return {">=", 5};
    case kNullSafeEqual:
      break;
  }
  return {"<=>", 5};
}

std::string HexOf(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

}  // namespace inlet::sql
