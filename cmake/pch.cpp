// The precompiled header of cmake/pch.hpp needs one translation unit to belong to.
