#include "daemon/control_path.hpp"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>

namespace bossa::daemon {

ControlPath::ControlPath(const std::string& directory, std::string_view name)
    : folder_(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {
  address_.sun_family = AF_UNIX;
  auto path = fmt::format("/proc/self/fd/{}/{}", folder_.get(), name);
  std::copy_n(path.data(), std::min(path.size(), sizeof address_.sun_path - 1), address_.sun_path);
}

} // namespace bossa::daemon
