// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/awaitable.hpp>

namespace vmc {

/// What a waiting function returns. Failures come back as values inside it; the only thing
/// it throws is cancellation (boost::system::system_error, operation_aborted), which nobody
/// catches but a TaskScope.
template <class T>
using Async = boost::asio::awaitable<T>;

}  // namespace vmc
