#include "src/base/status.hpp"

#include <fmt/format.h>

namespace bossa {

std::string to_string(NtStatus status) {
  switch (status.value) {
#define BOSSA_STATUS_NAME(name, number, text) \
  case number: return text;
    BOSSA_STATUSES(BOSSA_STATUS_NAME)
#undef BOSSA_STATUS_NAME
    default: return fmt::format("0x{:08X}", status.value);
  }
}

}  // namespace bossa
