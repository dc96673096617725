// Each function adds the routes of a topic.
#pragma once
#include <httplib.h>

void add_basic(httplib::Server& server);
void add_exceptions(httplib::Server& server);
void add_threads(httplib::Server& server);
void add_library(httplib::Server& server);
