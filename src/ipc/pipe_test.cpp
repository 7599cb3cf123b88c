#include "src/ipc/pipe.hpp"

#include <boost/test/unit_test.hpp>

using namespace bossa;

namespace {

// A bind of smbclient to srvsvc, and its NetrShareEnum of level 1.
const ByteVector bind_pdu =
    from_hex("05000b03100000004800000001000000b810b810000000000100000000000100c84f324b7016d30112785a47bf6ee18"
             "803000000045d888aeb1cc9119fe808"
             "002b10486002000000");
const ByteVector enumerate = from_hex("05000003100000005c000000020000004400000000000f00000002000a000000000000000a0000003100320037"
                                      "002e0030002e0030002e0031000000010000"
                                      "0001000000040002000000000000000000ffffffff0800020000000000");

rpc::CallContext context() {
  rpc::CallContext made;
  made.server = {"SERVER", "WORKGROUP", "comment"};
  made.shares = [] {
    std::vector<rpc::ShareView> shares(1);
    shares[0].name = "files";
    return shares;
  };
  return made;
}

} // namespace

BOOST_AUTO_TEST_CASE(pipes_are_found_by_any_spelling) {
  for (const char* name : {"srvsvc", "\\srvsvc", "SRVSVC", "\\PIPE\\Srvsvc", "pipe\\srvsvc"}) {
    auto pipe = ipc::open_pipe(name, context());
    BOOST_REQUIRE(pipe);
    BOOST_TEST((*pipe)->name() == "srvsvc");
  }
  BOOST_TEST((*ipc::open_pipe("\\wkssvc", context()))->name() == "wkssvc");
  for (const char* name : {"", "\\", "nosuch", "srvsvc ", "srvsv", "\\\\srvsvc", "lsarpc"}) {
    auto pipe = ipc::open_pipe(name, context());
    BOOST_TEST(!pipe);
    BOOST_TEST(to_string(pipe.error()) == "STATUS_OBJECT_NAME_NOT_FOUND");
  }
}

BOOST_AUTO_TEST_CASE(transceive_and_the_rest_by_read) {
  auto pipe = *ipc::open_pipe("srvsvc", context());
  auto answer = pipe->transceive(bind_pdu, 1024);
  BOOST_REQUIRE(answer);
  BOOST_TEST(answer->data.size() == 68u);
  BOOST_TEST(!answer->more);
  answer = pipe->transceive(enumerate, 20);
  BOOST_REQUIRE(answer);
  BOOST_TEST(answer->data.size() == 20u);
  BOOST_TEST(answer->more); // STATUS_BUFFER_OVERFLOW
  BOOST_TEST(pipe->next_message() == pipe->available());
  BOOST_TEST(to_string(pipe->transceive(enumerate, 1024).error()) == "STATUS_PIPE_BUSY");
  answer = pipe->read(4280);
  BOOST_REQUIRE(answer);
  BOOST_TEST(!answer->more);
  BOOST_TEST(pipe->available() == 0u);
  BOOST_TEST(to_string(pipe->read(4280).error()) == "STATUS_PIPE_EMPTY");
}

BOOST_AUTO_TEST_CASE(write_then_read) {
  auto pipe = *ipc::open_pipe("srvsvc", context());
  auto written = pipe->write(Bytes{bind_pdu}.first(30));
  BOOST_REQUIRE(written);
  BOOST_TEST(*written == 30u);
  BOOST_TEST(to_string(pipe->read(4280).error()) == "STATUS_PIPE_EMPTY");
  BOOST_TEST(to_string(pipe->transceive(Bytes{bind_pdu}.subspan(30, 10), 4280).error()) == "STATUS_PIPE_EMPTY");
  BOOST_REQUIRE(pipe->write(Bytes{bind_pdu}.subspan(40)));
  BOOST_TEST(pipe->read(4280)->data.size() == 68u);
}

BOOST_AUTO_TEST_CASE(the_pipes_of_a_user_share_a_budget) {
  auto budget = std::make_shared<ipc::PipeBudget>();
  // The first fragment of a call, of which there will be no other.
  auto unfinished = enumerate;
  unfinished[3] = 1;
  std::vector<std::unique_ptr<ipc::Pipe>> pipes;
  auto add = [&] {
    pipes.push_back(*ipc::open_pipe("srvsvc", context(), budget));
    BOOST_REQUIRE(pipes.back()->transceive(bind_pdu, 1024));
  };
  add();
  BOOST_TEST(budget->held == 0u); // an idle pipe keeps nothing
  BOOST_REQUIRE(pipes.back()->write(unfinished));
  auto each = budget->held.load();
  BOOST_TEST(each == 68u); // the stub
  add();
  BOOST_REQUIRE(pipes.back()->write(unfinished));
  BOOST_TEST(budget->held == 2 * each);
  add();
  budget->held += ipc::PipeBudget::most - 2 * each; // as if others held the rest
  BOOST_TEST(to_string(pipes.back()->write(unfinished).error()) == "STATUS_INSUFFICIENT_RESOURCES");
  pipes.erase(pipes.begin());
  BOOST_TEST(pipes.back()->write(unfinished).has_value());
  pipes.clear();
  BOOST_TEST(budget->held == ipc::PipeBudget::most - 2 * each);
}

BOOST_AUTO_TEST_CASE(after_garbage_the_fault_can_be_read_and_nothing_more) {
  auto pipe = *ipc::open_pipe("srvsvc", context());
  BOOST_REQUIRE(pipe->write(ByteVector(64, 0x41)));
  BOOST_TEST(pipe->read(4280)->data.size() == 32u);
  BOOST_TEST(to_string(pipe->read(4280).error()) == "STATUS_PIPE_DISCONNECTED");
  BOOST_TEST(to_string(pipe->write(bind_pdu).error()) == "STATUS_PIPE_DISCONNECTED");
}
