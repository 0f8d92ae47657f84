# The image has the program, the certificates of authorities and two folders. There is no
# shell. docs/deploy.md says how to run it.
FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
# With .git, from which the go command stamps the version and the commit.
COPY . .
RUN mkdir -p /out/data /out/tmp
RUN CGO_ENABLED=0 go build -trimpath -ldflags="-s -w" -o /out/vestibule ./cmd/vestibule

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/vestibule /vestibule
COPY --from=build --chown=65532:65532 --chmod=0700 /out/data /data
COPY --from=build --chown=65532:65532 --chmod=0700 /out/tmp /tmp
USER 65532:65532
# The defaults for the database and the folder of mails are data/vestibule.db and data/mail.
WORKDIR /
VOLUME /data
# Only the port of the BFF is reachable from other containers. Set API_ADDR and ADMIN_ADDR
# for the others, and keep them off public networks.
ENV BFF_ADDR=:3000
EXPOSE 3000
# It does not delay a stop, unlike a load balancer that polls /readyz.
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["/vestibule", "health"]
ENTRYPOINT ["/vestibule"]
CMD ["serve"]
