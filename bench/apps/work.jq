[.[]|select(.id%3==0)|{name,v:(.v*2),t:(.tags|join("-"))}]|group_by(.name)|map({n:.[0].name,c:length,s:(map(.v)|add)})|sort_by(.c,.n)|length
