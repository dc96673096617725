#!/usr/bin/env escript
%% -*- erlang -*-
%%! +S 2:2 -kernel inet_dist_use_interface {127,0,0,1}
%% A small HTTP server on gen_tcp: one process a connection, the application in route/3.
-mode(compile).

main([Port]) ->
    {ok, _} = application:ensure_all_started(crypto),
    ets:new(counts, [public, named_table]),
    {ok, Listener} = gen_tcp:listen(list_to_integer(Port),
        [binary, {packet, http_bin}, {active, false}, {reuseaddr, true}, {backlog, 64}]),
    accept(Listener).

accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> connection(Socket) end end),
    ok = gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    accept(Listener).

connection(Socket) ->
    ok = inet:setopts(Socket, [{packet, http_bin}]),
    case gen_tcp:recv(Socket, 0) of
        {ok, {http_request, Method, {abs_path, Target}, Version}} ->
            Headers = headers(Socket, #{}),
            {Path, Query} = case binary:split(Target, <<"?">>) of
                [P] -> {P, #{}};
                [P, Q] -> {P, maps:from_list(uri_string:dissect_query(Q))}
            end,
            ok = inet:setopts(Socket, [{packet, raw}]),
            Body = body(Socket, Headers),
            Request = #{method => Method, path => Path, query => Query, headers => Headers, body => Body, socket => Socket},
            KeepAlive = Version =:= {1, 1} andalso maps:get(<<"connection">>, Headers, <<>>) =/= <<"close">>,
            answer(Socket, Method, KeepAlive, try route(Path, Request) catch Class:Reason ->
                {500, "text/plain", io_lib:format("~p ~p~n", [Class, Reason])} end),
            if KeepAlive -> connection(Socket); true -> gen_tcp:close(Socket) end;
        {ok, {http_error, _}} ->
            answer(Socket, 'GET', false, {400, "text/plain", "bad request\n"}),
            gen_tcp:close(Socket);
        {error, _} -> gen_tcp:close(Socket)
    end.

headers(Socket, Known) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, {http_header, _, Name, _, Value}} ->
            Key = string:lowercase(if is_atom(Name) -> atom_to_binary(Name); true -> Name end),
            headers(Socket, Known#{Key => Value});
        {ok, http_eoh} -> Known
    end.

body(Socket, #{<<"transfer-encoding">> := <<"chunked">>}) -> iolist_to_binary(chunks(Socket));
body(_, #{<<"content-length">> := <<"0">>}) -> <<>>;
body(Socket, #{<<"content-length">> := Length}) ->
    {ok, Body} = gen_tcp:recv(Socket, binary_to_integer(Length)),
    Body;
body(_, _) -> <<>>.

chunks(Socket) ->
    ok = inet:setopts(Socket, [{packet, line}]),
    {ok, Line} = gen_tcp:recv(Socket, 0),
    Size = binary_to_integer(string:trim(Line), 16),
    ok = inet:setopts(Socket, [{packet, raw}]),
    {ok, Piece} = gen_tcp:recv(Socket, Size + 2),
    if Size =:= 0 -> []; true -> [binary:part(Piece, 0, Size) | chunks(Socket)] end.

answer(_, _, _, sent) -> ok;
answer(Socket, Method, KeepAlive, {Status, Type, Body}) -> answer(Socket, Method, KeepAlive, {Status, Type, Body, []});
answer(Socket, Method, KeepAlive, {Status, Type, Body, More}) ->
    Head = [io_lib:format("HTTP/1.1 ~b ~s\r\nContent-Type: ~s\r\nContent-Length: ~b\r\n", [Status, reason(Status), Type, iolist_size(Body)]),
        [[Name, ": ", Value, "\r\n"] || {Name, Value} <- More], if KeepAlive -> []; true -> "Connection: close\r\n" end, "\r\n"],
    gen_tcp:send(Socket, [Head, if Method =:= 'HEAD' -> []; true -> Body end]).

reason(200) -> "OK"; reason(201) -> "Created"; reason(302) -> "Found"; reason(400) -> "Bad Request";
reason(404) -> "Not Found"; reason(500) -> "Internal Server Error".

text(Format, Arguments) -> {200, "text/plain; charset=utf-8", unicode:characters_to_binary(io_lib:format(Format, Arguments))}.
number(Name, #{query := Query}) -> binary_to_integer(maps:get(Name, Query)).

route(<<"/">>, _) -> text("erlang ok~n", []);
route(<<"/version">>, _) -> text("~s ~p ~p~n", [erlang:system_info(otp_release), erlang:system_info(emu_flavor), erlang:system_info(schedulers)]);
route(<<"/echo">>, #{body := Body, headers := Headers}) ->
    {200, maps:get(<<"content-type">>, Headers, <<"text/plain">>), Body};
route(<<"/hash">>, #{body := Body}) ->
    text("~s ~s ~b ~b~n", [hex(crypto:hash(sha256, Body)), hex(erlang:md5(Body)), erlang:crc32(Body), erlang:phash2(Body)]);
route(<<"/crypto">>, _) ->
    Key = crypto:hash(sha256, "key"),
    {Sealed, Tag} = crypto:crypto_one_time_aead(aes_256_gcm, Key, <<0:96>>, <<"a secret">>, <<"more">>, true),
    text("~s ~s ~s ~b~n", [hex(Sealed), hex(Tag), hex(crypto:mac(hmac, sha512, Key, <<"data">>)), byte_size(crypto:strong_rand_bytes(16))]);
route(<<"/query">>, #{query := Query}) -> text("~p~n", [lists:sort(maps:to_list(Query))]);
route(<<"/headers">>, #{headers := Headers}) -> text("~p~n", [lists:sort(maps:to_list(maps:with([<<"x-test">>, <<"cookie">>, <<"user-agent">>], Headers)))]);
route(<<"/gzip">>, _) ->
    Plain = [io_lib:format("line ~b of a text that repeats itself~n", [I]) || I <- lists:seq(0, 1999)],
    {200, "text/plain", zlib:gzip(Plain), [{"Content-Encoding", "gzip"}]};
route(<<"/processes">>, Request) ->
    %% A ring of processes that a message runs around.
    Count = number(<<"n">>, Request), Self = self(),
    First = lists:foldl(fun(_, Next) -> spawn_link(fun() -> receive N -> Next ! N + 1 end end) end, Self, lists:seq(1, Count)),
    First ! 0,
    receive Rounds -> text("~b~n", [Rounds]) end;
route(<<"/crash">>, _) ->
    {Pid, Monitor} = spawn_monitor(fun() -> exit(lists:sum([1, 2, 3])) end),
    receive {'DOWN', Monitor, process, Pid, Reason} -> text("down ~p~n", [Reason]) end;
route(<<"/numbers">>, _) ->
    text("~b ~.16b ~w ~w ~s ~w~n", [power(3, 500), factorial(60), [math:sin(X) || X <- [1, 2, 3]], 1.0e300 / 3, float_to_list(0.1, [{decimals, 20}]),
        [7 div -2, 7 rem -2, -7 bsr 1, 16#deadbeef bxor (1 bsl 70), round(2.5), trunc(-2.5)]]);
route(<<"/primes">>, Request) -> text("~b~n", [length(primes(number(<<"n">>, Request)))]);
route(<<"/fib">>, Request) -> text("~b~n", [fib(number(<<"n">>, Request))]);
route(<<"/bits">>, _) ->
    <<A:3, B:13/little, C/float, Rest/bits>> = <<16#a5, 16#3c, 3.25/float, "tail">>,
    Sum = lists:sum([X || <<X:5>> <= <<"some bytes to take apart">>]),
    text("~w ~w ~w ~w ~w~n", [A, B, C, Rest, Sum]);
route(<<"/text">>, _) ->
    Words = string:lexemes(<<"The quick brown fox jumps over the lazy d", 16#f6/utf8, "g">>, " "),
    text("~ts ~p ~ts ~w~n", [lists:join(",", [string:reverse(W) || W <- Words]), re:run("2024-02-29", "(\\d+)-(\\d+)", [{capture, all_but_first, list}]),
        re:replace("a1b22c333", "([a-z])(\\d+)", "\\2\\1", [global, {return, list}]), lists:sort([string:length(W) || W <- Words])]);
route(<<"/sort">>, _) ->
    {List, _} = lists:mapfoldl(fun(_, S) -> N = (S * 1103515245 + 12345) rem 2147483648, {N rem 1000, N} end, 42, lists:seq(1, 20000)),
    Sorted = lists:sort(List),
    Map = lists:foldl(fun(X, M) -> maps:update_with(X, fun(V) -> V + 1 end, 1, M) end, #{}, List),
    text("~w ~w ~w~n", [lists:nth(1, Sorted), lists:nth(10000, Sorted), lists:sum([K * V || {K, V} <- lists:sort(maps:to_list(Map))])]);
route(<<"/count">>, _) -> text("~b~n", [ets:update_counter(counts, n, 1, {n, 0})]);
route(<<"/timers">>, _) ->
    [erlang:send_after(Ms, self(), {after_, Ms}) || Ms <- [60, 20, 40]],
    text("~w~n", [[receive {after_, Ms} -> Ms end || _ <- [1, 2, 3]]]);
route(<<"/run">>, _) -> text("~s", [os:cmd("echo from a $(echo child)")]);
route(<<"/file">>, #{method := 'POST', body := Body}) ->
    ok = file:write_file("/tmp/zoo.txt", Body),
    {201, "text/plain", "stored\n"};
route(<<"/file">>, _) ->
    {ok, Content} = file:read_file("/tmp/zoo.txt"),
    {200, "text/plain", Content};
route(<<"/env">>, _) ->
    {ok, Directory} = file:get_cwd(),
    text("~s ~s~n", [os:getenv("GREETING"), Directory]);
route(<<"/big">>, Request) ->
    N = number(<<"n">>, Request), Block = list_to_binary(lists:seq(0, 255)),
    {200, "application/octet-stream", [lists:duplicate(N div 256, Block), binary:part(Block, 0, N rem 256)]};
route(<<"/stream">>, #{socket := Socket}) ->
    gen_tcp:send(Socket, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"),
    [begin
        if I > 0 -> timer:sleep(100); true -> ok end,
        Line = io_lib:format("line ~b~n", [I]),
        gen_tcp:send(Socket, [integer_to_list(iolist_size(Line), 16), "\r\n", Line, "\r\n"])
    end || I <- lists:seq(0, 3)],
    gen_tcp:send(Socket, "0\r\n\r\n"),
    sent;
route(<<"/sleep">>, Request) ->
    timer:sleep(number(<<"ms">>, Request)),
    text("slept~n", []);
route(<<"/redirect">>, _) -> {302, "text/plain", "", [{"Location", "/version"}]};
route(<<"/error">>, _) -> error(on_purpose);
route(_, _) -> {404, "text/plain", "no such path\n"}.

hex(Binary) -> [io_lib:format("~2.16.0b", [Byte]) || <<Byte>> <= Binary].
power(_, 0) -> 1;
power(Base, N) -> Base * power(Base, N - 1).
factorial(0) -> 1;
factorial(N) -> N * factorial(N - 1).
fib(N) when N < 2 -> N;
fib(N) -> fib(N - 1) + fib(N - 2).
primes(Limit) -> sieve(lists:seq(2, Limit), Limit).
sieve([P | Rest], Limit) when P * P =< Limit -> [P | sieve([X || X <- Rest, X rem P =/= 0], Limit)];
sieve(Rest, _) -> Rest.
