// SPDX-License-Identifier: Apache-2.0
// The precompiled header of cmake/pch.hpp needs one translation unit to belong to.
