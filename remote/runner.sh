# shellcheck shell=sh
# What the file `runner` of a job does when it is run.
attempt=$1 mode=$2 end=$2
[ "$mode" = elevated ] || umask 077
number_of_attempt=0
[ "$attempt" = "$job" ] || number_of_attempt=${attempt##*/}
case $mode in
    start | elevated) begin ;;
    switch) keep_watch ;;
    cleanup)
        state=${VMC_JOB_STATE:-interrupted}
        clean_up
        ;;
    *)
        exec </dev/null 2>/dev/null
        LC_ALL=C
        export LC_ALL
        set -f
        supervise
        exit 0
        ;;
esac
