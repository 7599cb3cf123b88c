#include "compat-tests/bench/bench_operations.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <thread>

namespace bossa::bench {

using namespace client;

void Gate::arrive_and_wait() {
  --waiting_;
  while (!started() && open()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

Result<Mount> mount(const Options& options) {
  Mount m;
  auto connection = Connection::connect(options.server);
  if (!connection) return fail(connection.error());
  m.connection = std::move(*connection);
  if (!options.verify) m.connection->skip_verification();
  m.connection->want_credits(512);
  if (auto done = m.connection->negotiate(options.negotiate); !done) return fail(done.error());
  auto session = Session::logon(*m.connection, options.credentials, options.logon);
  if (!session) return fail(session.error());
  m.session = std::move(*session);
  auto tree = m.session->connect_tree(options.share);
  if (!tree) return fail(tree.error());
  m.tree = std::move(*tree);
  return m;
}

namespace {

/// Sends what `next` makes, as many as `depth` at once; `check` sees each reply. Ends, with nothing under way, when the gate
/// closes.
Outcome pipeline(Tree& tree, std::uint32_t depth, Gate& gate, const std::function<Request()>& next,
                 const std::function<Outcome(const Reply&)>& check) {
  std::deque<std::uint64_t> under_way;
  for (;;) {
    bool more = gate.open();
    while (more && under_way.size() < depth) {
      auto id = tree.send(next());
      if (!id) return fail(id.error());
      under_way.push_back(*id);
    }
    if (under_way.empty()) return {};
    auto reply = tree.wait(under_way.front());
    if (!reply) return fail(reply.error());
    under_way.pop_front();
    if (auto done = check(*reply); !done) return done;
  }
}

/// Sequential reading or writing of one file, over and over.
class Stream {
public:
  Stream(const Options& options, Tree& tree, std::string name) : options_(options), tree_(tree), name_(std::move(name)) {}

  Result<Count> run(Gate& gate, bool writing) {
    data_.resize(options_.io_size);
    for (std::size_t i = 0; i < data_.size(); ++i) data_[i] = static_cast<std::uint8_t>(i * 2654435761u >> 24);
    if (auto done = prepare(); !done) return fail(done.error());
    gate.arrive_and_wait();
    Count count;
    std::uint64_t offset = 0;
    auto next = [&] {
      auto at = offset;
      offset = (offset + options_.io_size) % options_.file_size;
      return writing ? requests::write(file_, at, data_) : requests::read(file_, at, options_.io_size);
    };
    auto check = [&](const Reply& reply) -> Outcome {
      std::size_t moved = 0;
      if (writing) {
        auto response = reply.parse<wire::WriteResponse>();
        if (!response) return fail(response.error());
        moved = response->count;
      } else {
        auto bytes = read_data(reply);
        if (!bytes) return fail(bytes.error());
        moved = bytes->size();
      }
      if (moved != options_.io_size) return fail(status::invalid_network_response);
      ++count.operations;
      count.bytes += moved;
      return {};
    };
    if (auto done = pipeline(tree_, options_.depth, gate, next, check); !done) return fail(done.error());
    if (auto done = tree_.close(file_); !done) return fail(done.error());
    return count;
  }

private:
  /// The file, written in full so that no reply comes from a hole.
  Outcome prepare() {
    CreateOptions create;
    create.disposition = disposition::open_if;
    auto opened = tree_.create(name_, create);
    if (!opened) return fail(opened.error());
    file_ = opened->id;
    if (opened->info.end_of_file >= options_.file_size) return {};
    Gate until_written(1);
    std::uint64_t offset = 0;
    auto next = [&] {
      auto at = offset;
      offset += options_.io_size;
      if (offset >= options_.file_size) until_written.stop();
      return requests::write(file_, at, data_);
    };
    auto check = [](const Reply& reply) { return reply.ok() ? Outcome{} : Outcome{fail(reply.status())}; };
    return pipeline(tree_, options_.depth, until_written, next, check);
  }
  const Options& options_;
  Tree& tree_;
  std::string name_;
  wire::FileId file_;
  ByteVector data_;
};

constexpr std::uint8_t network_open_information = 34;

/// `depth` files are opened, asked and closed at a time: the requests of each step are sent together.
Result<Count> open_close(const Options& options, Tree& tree, const std::string& name, Gate& gate, bool query) {
  if (auto done = tree.put(name, as_bytes("bench")); !done) return fail(done.error());
  CreateOptions create;
  create.access = access::read_data | access::read_attributes;
  gate.arrive_and_wait();
  Count count;
  while (gate.open()) {
    std::vector<std::uint64_t> ids;
    std::vector<wire::FileId> files;
    auto step = [&](const std::function<Request(std::size_t)>& make,
                    const std::function<Outcome(const Reply&)>& check) -> Outcome {
      ids.clear();
      for (std::size_t i = 0; i < options.depth; ++i) {
        auto id = tree.send(make(i));
        if (!id) return fail(id.error());
        ids.push_back(*id);
      }
      for (auto id : ids) {
        auto reply = tree.wait(id);
        if (!reply) return fail(reply.error());
        if (!reply->ok()) return fail(reply->status());
        if (auto done = check(*reply); !done) return done;
      }
      return {};
    };
    auto opened = [&](const Reply& reply) -> Outcome {
      auto response = reply.parse<wire::CreateResponse>();
      if (!response) return fail(response.error());
      files.push_back(response->file_id);
      return {};
    };
    auto fine = [](const Reply&) { return Outcome{}; };
    if (auto done = step([&](std::size_t) { return requests::create(name, create); }, opened); !done) return fail(done.error());
    if (query) {
      auto ask = [&](std::size_t i) {
        return requests::query_info(files[i], wire::info_type::file, network_open_information, 1024);
      };
      if (auto done = step(ask, fine); !done) return fail(done.error());
    }
    if (auto done = step([&](std::size_t i) { return requests::close(files[i]); }, fine); !done) return fail(done.error());
    count.operations += options.depth;
  }
  return count;
}

/// The same as related compounds, `depth` of them under way.
Result<Count> open_close_compound(const Options& options, Tree& tree, const std::string& name, Gate& gate, bool query) {
  if (auto done = tree.put(name, as_bytes("bench")); !done) return fail(done.error());
  CreateOptions create;
  create.access = access::read_data | access::read_attributes;
  std::vector<Request> compound{requests::create(name, create)};
  if (query)
    compound.push_back(requests::query_info(wire::related_file_id, wire::info_type::file, network_open_information, 1024));
  compound.push_back(requests::close(wire::related_file_id));
  for (std::size_t i = 1; i < compound.size(); ++i) compound[i].related = true;
  gate.arrive_and_wait();
  Count count;
  std::deque<std::vector<std::uint64_t>> under_way;
  for (;;) {
    while (gate.open() && under_way.size() < options.depth) {
      auto ids = tree.send(compound);
      if (!ids) return fail(ids.error());
      under_way.push_back(std::move(*ids));
    }
    if (under_way.empty()) return count;
    for (auto id : under_way.front()) {
      auto reply = tree.wait(id);
      if (!reply) return fail(reply.error());
      if (!reply->ok()) return fail(reply->status());
    }
    under_way.pop_front();
    ++count.operations;
  }
}

Result<Count> small_files(Tree& tree, const std::string& prefix, Gate& gate) {
  ByteVector data(4096, 0x5A);
  gate.arrive_and_wait();
  Count count;
  while (gate.open()) {
    auto name = prefix + "." + std::to_string(count.operations % 1000);
    if (auto done = tree.put(name, data); !done) return fail(done.error());
    auto back = tree.get(name);
    if (!back) return fail(back.error());
    if (*back != data) return fail(status::invalid_network_response);
    if (auto done = tree.remove(name); !done) return fail(done.error());
    ++count.operations;
    count.bytes += data.size();
  }
  return count;
}

Result<Count> listing(const Options& options, Tree& tree, const std::string& directory, Gate& gate) {
  CreateOptions create;
  create.disposition = disposition::open_if;
  create.options = create_option::directory;
  create.access = access::read_data | access::read_attributes;
  auto made = tree.create(directory, create);
  if (!made) return fail(made.error());
  if (auto done = tree.close(made->id); !done) return fail(done.error());
  auto there = tree.list(directory);
  if (!there) return fail(there.error());
  for (std::uint32_t i = 0; there->size() < options.files && i < options.files; ++i)
    if (auto done = tree.put(directory + "\\file" + std::to_string(i), {}); !done) return fail(done.error());
  gate.arrive_and_wait();
  Count count;
  while (gate.open()) {
    auto names = tree.list(directory);
    if (!names) return fail(names.error());
    if (names->size() < options.files) return fail(status::invalid_network_response);
    ++count.operations;
  }
  return count;
}

Result<Count> echoes(const Options& options, Tree& tree, Gate& gate) {
  gate.arrive_and_wait();
  Count count;
  auto check = [&](const Reply& reply) -> Outcome {
    ++count.operations;
    return reply.ok() ? Outcome{} : Outcome{fail(reply.status())};
  };
  if (auto done = pipeline(tree, options.depth, gate, requests::echo, check); !done) return fail(done.error());
  return count;
}

Result<Count> logons(const Options& options, Gate& gate) {
  gate.arrive_and_wait();
  Count count;
  while (gate.open()) {
    auto connection = Connection::connect(options.server);
    if (!connection) return fail(connection.error());
    if (auto done = (*connection)->negotiate(options.negotiate); !done) return fail(done.error());
    auto session = Session::logon(**connection, options.credentials, options.logon);
    if (!session) return fail(session.error());
    if (auto done = (*session)->logoff(); !done) return fail(done.error());
    ++count.operations;
  }
  return count;
}

} // namespace

Result<Count> run(const Options& options, std::uint32_t number, Gate& gate) {
  if (options.operation == "logon") return logons(options, gate);
  auto mounted = mount(options);
  if (!mounted) return fail(mounted.error());
  auto& tree = *mounted->tree;
  auto name = options.path + (number == 0 ? "" : "." + std::to_string(number));
  if (options.operation == "read" || options.operation == "write")
    return Stream(options, tree, name).run(gate, options.operation == "write");
  if (options.operation == "open-close" || options.operation == "open-query-close") {
    bool query = options.operation == "open-query-close";
    return options.compound ? open_close_compound(options, tree, name, gate, query)
                            : open_close(options, tree, name, gate, query);
  }
  if (options.operation == "small-files") return small_files(tree, name, gate);
  if (options.operation == "list") return listing(options, tree, name + ".d", gate);
  if (options.operation == "echo") return echoes(options, tree, gate);
  return fail(status::not_supported);
}

} // namespace bossa::bench
