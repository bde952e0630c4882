// Writing .npy files: one form, readable again, all or nothing.
#include "io/array.hpp"

#include "unit/npy_bytes.hpp"
#include "unit/refusal.hpp"
#include "unit/scratch_folder.hpp"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace faltung::io {
namespace {

using test::bytes_of;
using test::message_of;
using test::raw;
using test::ScratchFolder;
using test::shape_text;
using test::values_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(NpyWriting, GivesVersionOneAndReadsBack) {
  const ScratchFolder folder;
  const std::string path = folder.file("a.npy");
  const auto expect_written = [&](const Array& array, const std::string& type, const std::string& shape,
                                  const std::string& data) {
    write_npy(path, array);
    const std::string bytes = bytes_of(path);
    ASSERT_GE(bytes.size(), 64U);
    EXPECT_EQ(bytes.substr(0, 8), std::string("\x93NUMPY\x01\0", 8));
    const std::size_t length = static_cast<unsigned char>(bytes[8]) + 256U * static_cast<unsigned char>(bytes[9]);
    EXPECT_EQ((10 + length) % 64, 0U);
    EXPECT_EQ(bytes[10 + length - 1], '\n');
    EXPECT_THAT(bytes.substr(10, length), AllOf(HasSubstr("'descr': '" + type + "'"),
                                                HasSubstr("'fortran_order': False"), HasSubstr("'shape': " + shape)));
    EXPECT_EQ(bytes.substr(10 + length), data);
    const Array again = read_npy(path);
    EXPECT_EQ(again.shape, array.shape);
    EXPECT_EQ(again.values, array.values);
    EXPECT_EQ(folder.count(), 1U);  // no temporary file
  };
  expect_written({{}, std::vector<double>{2.5}}, "<f8", "()", raw(2.5, false));
  expect_written({{0}, std::vector<float>{}}, "<f4", "(0,)", "");
  expect_written({{2}, std::vector<float>{1.5F, -0.0F}}, "<f4", "(2,)", raw(1.5F, false) + raw(-0.0F, false));
  expect_written({{1, 2}, std::vector<std::int64_t>{-1, 7}}, "<i8", "(1, 2)",
                 raw(std::int64_t{-1}, false) + raw(std::int64_t{7}, false));
  expect_written({Shape(30, 1), std::vector<float>{1}}, "<f4", shape_text(Shape(30, 1)), raw(1.0F, false));
}

TEST(NpyWriting, ToABadPlaceIsAFileError) {
  const ScratchFolder folder;
  const Array array{{1}, std::vector<float>{1}};
  for (const std::string& path :
       {folder.file("missing/a.npy"), folder.file(""), folder.file("missing/"), std::string("/dev/null/a.npy")})
    EXPECT_THAT(message_of<FileError>([&] { write_npy(path, array); }), StartsWith(path + ": "));
  EXPECT_EQ(folder.count(), 0U);
}

TEST(NpyWriting, AnExistingFileStaysWholeWhenWritingFails) {
  const ScratchFolder folder;
  const std::string path = folder.file("a.npy");
  write_npy(path, {{2}, std::vector<float>{1, 2}});
  const std::string before = bytes_of(path);
  // a limit on the size of files is a full disk that tests can have, even as root
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &limit), 0);
  const auto signal = std::signal(SIGXFSZ, SIG_IGN);
  for (const std::size_t count : {20U, 1U << 20U}) {  // noticed when the file is closed, and while it is written
    const Array array{{static_cast<std::int64_t>(count)}, std::vector<float>(count)};
    rlimit small = limit;
    small.rlim_cur = 100;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    std::string message;
    try {
      write_npy(path, array);
    } catch (const FileError& error) {
      message = error.what();
    }
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &limit), 0);
    EXPECT_THAT(message, StartsWith(path + ": cannot write it")) << count;
    EXPECT_EQ(bytes_of(path), before);
    EXPECT_EQ(folder.count(), 1U);
  }
  std::signal(SIGXFSZ, signal);
}

TEST(NpyWriting, FilesHaveTheUsualRights) {
  const ScratchFolder folder;
  for (const mode_t mask : {022U, 077U}) {
    const mode_t before = ::umask(mask);
    write_npy(folder.file("a.npy"), {{1}, std::vector<float>{1}});
    EXPECT_EQ(::umask(before), mask);
    const auto rights = std::filesystem::status(folder.file("a.npy")).permissions();
    EXPECT_EQ(static_cast<mode_t>(rights), 0666U & ~mask);
  }
}

TEST(NpyWriting, APipeOrDeviceIsNotReplaced) {
  const ScratchFolder folder;
  const std::string path = folder.file("pipe.npy");  // as /dev/null would be, for root
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THAT(message_of<FileError>([&] { write_npy(path, {{1}, std::vector<float>{1}}); }), StartsWith(path + ": "));
  EXPECT_TRUE(std::filesystem::is_fifo(path));
  EXPECT_EQ(folder.count(), 1U);
}

TEST(NpyWriting, AnExistingFileIsReplaced) {
  const ScratchFolder folder;
  const std::string path = folder.write("a.npy", "something else");
  write_npy(path, {{1}, std::vector<double>{3}});
  EXPECT_EQ(values_of<double>(read_npy(path)), std::vector<double>{3});
  EXPECT_EQ(folder.count(), 1U);
}

}  // namespace
}  // namespace faltung::io
