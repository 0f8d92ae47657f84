# Completes vestibule in bash. Made by: vestibule completion bash
_vestibule() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command=${COMP_WORDS[1]} at=1 flag= words=
    COMPREPLY=()
    # bash has split --name=value at the =.
    if [ "$cur" = = ]; then
        flag=$before cur=
    elif [ "$before" = = ]; then
        flag=${COMP_WORDS[COMP_CWORD-2]}
    fi
    case $command in
    migrate|user|client|keys)
        at=2 command="$command ${COMP_WORDS[2]}" ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        words='serve bff api migrate user client keys token audit backup restore routes doctor health completion version help'
    elif [ "$COMP_CWORD" -le "$at" ]; then
        case ${COMP_WORDS[1]} in
        migrate) words='up down status' ;;
        user) words='list show create disable enable delete sessions revoke set-password' ;;
        client) words='create list rotate delete' ;;
        keys) words='list rotate retire' ;;
        esac
    else
        case "$command ${flag:-$before}" in
        'serve --migrate'|'serve --password-deny-common'|'serve --require-email-verification'|'serve --expose-token'|'serve --pprof'|'bff --migrate'|'bff --password-deny-common'|'bff --require-email-verification'|'bff --expose-token'|'bff --pprof'|'api --migrate'|'api --pprof'|'user create --password-deny-common'|'user set-password --password-deny-common'|'doctor --migrate'|'doctor --password-deny-common'|'doctor --require-email-verification'|'doctor --expose-token'|'doctor --pprof') words='true false' ;;
        'serve --cookie-samesite'|'bff --cookie-samesite'|'doctor --cookie-samesite') words='lax strict none' ;;
        'serve --sign-up'|'serve --rate-limit'|'bff --sign-up'|'bff --rate-limit'|'doctor --sign-up'|'doctor --rate-limit') words='on off' ;;
        'serve --jwt-algorithm'|'bff --jwt-algorithm'|'api --jwt-algorithm'|'keys rotate --jwt-algorithm'|'token --jwt-algorithm'|'doctor --jwt-algorithm') words='HS256 EdDSA ES256' ;;
        'serve --jwt-type'|'bff --jwt-type'|'keys rotate --jwt-type'|'token --jwt-type'|'doctor --jwt-type') words='at+jwt JWT' ;;
        'serve --proxy-transport'|'bff --proxy-transport'|'doctor --proxy-transport') words='direct standard' ;;
        'serve --log-format'|'bff --log-format'|'api --log-format'|'doctor --log-format') words='text json' ;;
        'serve --log-level'|'bff --log-level'|'api --log-level'|'doctor --log-level') words='debug info warn error' ;;
        'client create --grant') words='credentials exchange' ;;
        'audit --event') words='sign-up sign-up-failed sign-in sign-in-failed password-check-failed password-proven sign-out session-revoked password-changed password-reset password-reset-requested email-verified email-change-requested email-changed email-change-undone user-updated user-disabled user-enabled user-deleted key-created key-retired token-minted database-restored client-created client-rotated client-deleted client-authentication-failed token-issued token-exchanged token-exchange-failed token-revoked' ;;
        'doctor --for') words='api bff serve' ;;
        *) [ -n "$flag" ] || case $command in
            'serve') words='--base-url= --bff-addr= --api-addr= --admin-addr= --forward-auth-addr= --drain-delay= --keep-alive-timeout= --backend-url= --trusted-origins= --cors-api-origins= --trusted-proxies= --max-connections= --max-connections-per-address= --database-url= --database-listen-url= --database-max-conns= --migrate= --better-auth-secret= --better-auth-secret-previous= --session-expires-in= --session-update-age= --session-max-age= --session-fresh-age= --sessions-per-user= --cookie-samesite= --cookie-name= --password-min-length= --password-deny-common= --sign-up= --require-email-verification= --rate-limit= --smtp-url= --mail-from= --mail-dir= --audit-retention= --tasks-per-user= --jwt-algorithm= --jwt-issuer= --jwt-audience= --jwt-type= --jwt-expires-in= --jwt-key-rotation= --expose-token= --jwks-url= --jwt-issuers= --max-requests-per-caller= --proxy-forward-headers= --proxy-body-limit= --proxy-max-requests= --proxy-timeout= --proxy-transport= --routes= --max-streams-per-session= --max-streams-per-user= --max-streams= --web-dir= --web-dev-url= --app-name= --log-format= --log-level= --pprof= --otel-exporter-otlp-endpoint= --otel-exporter-otlp-traces-endpoint= --otel-exporter-otlp-protocol= --otel-exporter-otlp-headers= --otel-exporter-otlp-traces-headers= --otel-service-name= --otel-resource-attributes= --otel-traces-sampler= --otel-traces-sampler-arg= --otel-traces-exporter= --otel-sdk-disabled= --help' ;;
            'bff') words='--base-url= --bff-addr= --admin-addr= --forward-auth-addr= --drain-delay= --keep-alive-timeout= --backend-url= --trusted-origins= --trusted-proxies= --max-connections= --max-connections-per-address= --database-url= --database-listen-url= --database-max-conns= --migrate= --better-auth-secret= --better-auth-secret-previous= --session-expires-in= --session-update-age= --session-max-age= --session-fresh-age= --sessions-per-user= --cookie-samesite= --cookie-name= --password-min-length= --password-deny-common= --sign-up= --require-email-verification= --rate-limit= --smtp-url= --mail-from= --mail-dir= --audit-retention= --jwt-algorithm= --jwt-issuer= --jwt-audience= --jwt-type= --jwt-expires-in= --jwt-key-rotation= --expose-token= --proxy-forward-headers= --proxy-body-limit= --proxy-max-requests= --proxy-timeout= --proxy-transport= --routes= --max-streams-per-session= --max-streams-per-user= --max-streams= --web-dir= --web-dev-url= --app-name= --log-format= --log-level= --pprof= --otel-exporter-otlp-endpoint= --otel-exporter-otlp-traces-endpoint= --otel-exporter-otlp-protocol= --otel-exporter-otlp-headers= --otel-exporter-otlp-traces-headers= --otel-service-name= --otel-resource-attributes= --otel-traces-sampler= --otel-traces-sampler-arg= --otel-traces-exporter= --otel-sdk-disabled= --help' ;;
            'api') words='--base-url= --api-addr= --admin-addr= --drain-delay= --keep-alive-timeout= --cors-api-origins= --trusted-proxies= --max-connections= --database-url= --database-listen-url= --database-max-conns= --migrate= --better-auth-secret= --better-auth-secret-previous= --tasks-per-user= --jwt-algorithm= --jwt-issuer= --jwt-audience= --jwks-url= --jwt-issuers= --max-requests-per-caller= --max-streams-per-user= --max-streams= --log-format= --log-level= --pprof= --otel-exporter-otlp-endpoint= --otel-exporter-otlp-traces-endpoint= --otel-exporter-otlp-protocol= --otel-exporter-otlp-headers= --otel-exporter-otlp-traces-headers= --otel-service-name= --otel-resource-attributes= --otel-traces-sampler= --otel-traces-sampler-arg= --otel-traces-exporter= --otel-sdk-disabled= --help' ;;
            'migrate up') words='--database-url= --help' ;;
            'migrate down') words='--database-url= --help' ;;
            'migrate status') words='--database-url= --help' ;;
            'user list') words='--search= --disabled --json --database-url= --help' ;;
            'user show') case $cur in -*) words='--json --database-url= --help' ;; esac ;;
            'user create') case $cur in -*) words='--name= --email-verified --json --database-url= --password-min-length= --password-deny-common= --help' ;; esac ;;
            'user disable') case $cur in -*) words='--json --database-url= --help' ;; esac ;;
            'user enable') case $cur in -*) words='--json --database-url= --help' ;; esac ;;
            'user delete') case $cur in -*) words='--yes --json --database-url= --help' ;; esac ;;
            'user sessions') case $cur in -*) words='--json --database-url= --help' ;; esac ;;
            'user revoke') case $cur in -*) words='--all --json --database-url= --help' ;; esac ;;
            'user set-password') case $cur in -*) words='--json --database-url= --password-min-length= --password-deny-common= --help' ;; esac ;;
            'client create') case $cur in -*) words='--grant= --scope= --audience= --json --database-url= --help' ;; esac ;;
            'client list') words='--json --database-url= --help' ;;
            'client rotate') case $cur in -*) words='--keep-old= --json --database-url= --help' ;; esac ;;
            'client delete') case $cur in -*) words='--yes --json --database-url= --help' ;; esac ;;
            'keys list') words='--json --database-url= --help' ;;
            'keys rotate') words='--json --base-url= --database-url= --better-auth-secret= --better-auth-secret-previous= --jwt-algorithm= --jwt-issuer= --jwt-audience= --jwt-type= --jwt-expires-in= --help' ;;
            'keys retire') case $cur in -*) words='--now --json --database-url= --help' ;; esac ;;
            'token') words='--sub= --scope= --expires-in= --base-url= --database-url= --better-auth-secret= --better-auth-secret-previous= --jwt-algorithm= --jwt-issuer= --jwt-audience= --jwt-type= --jwt-expires-in= --help' ;;
            'audit') words='--user= --email= --event= --session= --client= --ip= --request-id= --since= --until= --limit= --json --database-url= --help' ;;
            'backup') case $cur in -*) words='--replace --database-url= --help' ;; esac ;;
            'restore') case $cur in -*) words='--keep-sessions --database-url= --help' ;; esac ;;
            'routes') case $cur in -*) words='--method= --explain --header= --json --base-url= --bff-addr= --backend-url= --jwt-audience= --proxy-forward-headers= --proxy-body-limit= --proxy-timeout= --routes= --help' ;; esac ;;
            'doctor') case $cur in -*) words='--for= --cookie-file= --json --base-url= --bff-addr= --api-addr= --admin-addr= --forward-auth-addr= --drain-delay= --keep-alive-timeout= --backend-url= --trusted-origins= --cors-api-origins= --trusted-proxies= --max-connections= --max-connections-per-address= --database-url= --database-listen-url= --database-max-conns= --migrate= --better-auth-secret= --better-auth-secret-previous= --session-expires-in= --session-update-age= --session-max-age= --session-fresh-age= --sessions-per-user= --cookie-samesite= --cookie-name= --password-min-length= --password-deny-common= --sign-up= --require-email-verification= --rate-limit= --smtp-url= --mail-from= --mail-dir= --audit-retention= --tasks-per-user= --jwt-algorithm= --jwt-issuer= --jwt-audience= --jwt-type= --jwt-expires-in= --jwt-key-rotation= --expose-token= --jwks-url= --jwt-issuers= --max-requests-per-caller= --proxy-forward-headers= --proxy-body-limit= --proxy-max-requests= --proxy-timeout= --proxy-transport= --routes= --max-streams-per-session= --max-streams-per-user= --max-streams= --web-dir= --web-dev-url= --app-name= --log-format= --log-level= --pprof= --otel-exporter-otlp-endpoint= --otel-exporter-otlp-traces-endpoint= --otel-exporter-otlp-protocol= --otel-exporter-otlp-headers= --otel-exporter-otlp-traces-headers= --otel-service-name= --otel-resource-attributes= --otel-traces-sampler= --otel-traces-sampler-arg= --otel-traces-exporter= --otel-sdk-disabled= --help' ;; esac ;;
            'health') case $cur in -*) words='--admin-addr= --help' ;; esac ;;
            'completion') case $cur in -*) words='--help' ;; *) words='bash zsh fish' ;; esac ;;
            'version') words='--help' ;;
            'help') case $cur in -*) words='' ;; *) words='serve bff api migrate user client keys token audit backup restore routes doctor health completion version' ;; esac ;;
            esac ;;
        esac
    fi
    COMPREPLY=($(compgen -W "$words" -- "$cur"))
    case ${COMPREPLY[0]} in
    *=) compopt -o nospace 2>/dev/null ;;
    esac
}
# -o default: names of files where there is no word.
complete -o default -F _vestibule vestibule
