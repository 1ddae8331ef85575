# Keeps a PostgreSQL server for as long as somebody has the other end of its standard input, and no longer.
#
#   sh supervise.sh BIN HOME
#
# Orders come in by it, one a line; each is answered by its status and the id of the server. The test process alone has the
# other end, so that its end, even by kill -9, is the end of the server and of the folder.
bin=$1
home=$2
server=
exec 2>>"$home/log"
# Nothing may end this one before it has cleaned up: not an answer to a process that is gone, and not the hang-up that the
# kernel sends to those whose parent ends while one of them stands still.
trap '' PIPE HUP INT TERM

# The children of the server: each has a process group of its own, so that no signal to a group reaches all.
children() {
    cat "/proc/$server/task/$server/children" || ps -A -o ppid= -o pid= | awk -v of="$server" '$1 == of { print $2 }'
}

# The server first, so that it makes no more children; once more for one that it was making.
pause() {
    kill -s STOP "$server" && kill -s STOP $(children) && kill -s STOP $(children)
}

# The children first: one that ends is still known as long as the server stands still.
resume() {
    kill -s CONT $(children) && kill -s CONT "$server"
}

stop() {
    [ -n "$server" ] || return 0
    # One that stands still hears nothing; of one that does not, a child may just have ended.
    resume || kill -s CONT "$server"
    kill -s QUIT "$server"
    wait "$server"
    server=
}

while read -r order argument; do
    case $order in
    init) "$bin/initdb" -D "$home/data" -U postgres -E UTF8 --locale=C --auth=trust --no-sync >>"$home/log" ;;
    copy) cp -R -p "$argument" "$home/data" ;;
    start) "$bin/postgres" -D "$home/data" >>"$home/log" & server=$! ;;
    stop) stop ;;
    pause) pause ;;
    resume) resume ;;
    *) false ;;
    esac
    echo "$? $server"
done
stop
rm -rf "$home"
