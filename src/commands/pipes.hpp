// Opens of named pipes: what CREATE, READ, WRITE and IOCTL do with them.
#pragma once
#include "src/commands/support.hpp"

namespace bossa::commands {

/// CREATE on IPC$. OBJECT_NAME_NOT_FOUND: no such pipe.
[[nodiscard]] Result<Reply> create_pipe(Request& request, const wire::CreateRequest& create, const std::string& name);
/// READ: waits until the server at the other end has something to say, as a pipe in blocking mode does.
Awaitable<Result<Reply>> read_pipe(Request& request, std::shared_ptr<Open> open, std::uint32_t length);
[[nodiscard]] Outcome write_pipe(Open& open, Bytes data);
/// FSCTL_PIPE_TRANSCEIVE: the answer and whether there is more of it (BUFFER_OVERFLOW).
Awaitable<Result<ipc::PipeRead>> transceive(Request& request, std::shared_ptr<Open> open, Bytes data, std::uint32_t max_output);
/// The open was written to, or closed.
void wake_pipe_readers(Open& open);

}  // namespace bossa::commands
