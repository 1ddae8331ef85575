package till;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import google.rpc.ErrorDetails.ErrorInfo;
import google.rpc.ErrorDetails.LocalizedMessage;
import google.rpc.ErrorDetails.RetryInfo;
import io.grpc.ChannelCredentials;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/** How a till asks pricewright: one channel, a deadline on every call, and the same request again until there is an answer. */
final class Asking {
    /** Pricewright has said no, and says it again to the same id. */
    static final class Refused extends Exception {
        final String reason;
        final String words;

        Refused(String reason, String words) {
            super(reason + ": " + words);
            this.reason = reason;
            this.words = words;
        }
    }

    /** Nobody knows what became of the call. Keep its id, and ask again later. */
    static class NoAnswer extends Exception {
        NoAnswer(String words) {
            super(words);
        }
    }

    /** The till's credential is at fault, not the purchase. Keep its id, tell a person, and ask again later. */
    static final class NotLetIn extends NoAnswer {
        NotLetIn(String words) {
            super(words);
        }
    }

    /** Nobody has answered, or whoever did does not know whether the call was kept. The same request is asked again. */
    private static final Set<String> NO_ANSWER = Set.of(
            "OVERLOADED",
            "NO_RULEBOOK",
            "DEADLINE_EXCEEDED",
            "SHUTTING_DOWN",
            "LEDGER_STOPPED",
            "LEDGER_UNAVAILABLE",
            "PROFILES_AWAY");

    /** The same where the answer is not pricewright's: a lost connection, a proxy between. With a request id it is safe to ask again. */
    private static final Set<Status.Code> NO_ANSWER_STATUSES = EnumSet.of(
            Status.Code.UNAVAILABLE,
            Status.Code.DEADLINE_EXCEEDED,
            Status.Code.CANCELLED,
            Status.Code.INTERNAL,
            Status.Code.UNKNOWN);

    /**
     * Pricewright does not know the till any more, or not for this: of the purchase nothing is said. What it is depends on the file of access
     * alone, and that a person mends; then the same request is good.
     */
    private static final Set<String> NOT_LET_IN = Set.of("CREDENTIAL_REFUSED", "NOT_ALLOWED");

    private static final double PAUSE_FIRST = 0.2;
    private static final double PAUSE_MAX = 5.0;

    private Asking() {}

    /**
     * One channel for as long as the till runs: it connects anew by itself. `https://` is TLS, by the `authority` that is named or by those of
     * the JDK; a token goes by it alone, or to this machine, or where `plaintext` says that a mesh enciphers.
     */
    static ManagedChannel openChannel(Map<String, String> options, Map<String, ?> serviceConfig) throws IOException {
        String address = options.get("address");
        URI uri = URI.create(address.contains("://") ? address : "http://" + address);
        boolean isTls = "https".equals(uri.getScheme());
        String host = uri.getHost();
        if (host == null || !isTls && !"http".equals(uri.getScheme())) {
            throw new IOException(address + ": https://HOST:PORT, or HOST:PORT for a service on this machine");
        }
        boolean isHere = host.equals("localhost") || host.equals("[::1]") || host.matches("127(\\.[0-9]{1,3}){3}");
        if (!token(options).isEmpty() && !isTls && !isHere && !"true".equals(options.get("plaintext"))) {
            throw new IOException("a token goes to " + address + " by https:// alone: whoever listens could use it");
        }
        ChannelCredentials credentials = InsecureChannelCredentials.create();
        if (isTls) {
            String authority = options.get("authority");
            credentials = authority == null
                    ? TlsChannelCredentials.create()
                    : TlsChannelCredentials.newBuilder().trustManager(new File(authority)).build();
        }
        return NettyChannelBuilder.forTarget(uri.getRawAuthority(), credentials)
                .defaultServiceConfig(serviceConfig)
                .enableRetry()
                // A dead line is noticed in 20 seconds, not by the customer who waits.
                .keepAliveTime(15, TimeUnit.SECONDS)
                .keepAliveTimeout(5, TimeUnit.SECONDS)
                .keepAliveWithoutCalls(true)
                .build();
    }

    /** Read anew for each call: a token that is replaced counts from the next call on. Empty where there is none. */
    static String token(Map<String, String> options) throws IOException {
        String file = options.get("token-file");
        return file == null ? "" : Files.readString(Path.of(file)).strip();
    }

    /** The answer to a request. Asks again with the very same message, and so with the same id, for `patience` seconds. */
    static <Q extends Message, A> A ask(Function<Q, A> method, Q request, double patience) throws Refused, NoAnswer {
        String name = request.getDescriptorForType().getName();
        long end = System.nanoTime() + (long) (patience * 1e9);
        double pause = PAUSE_FIRST;
        int faults = 0;
        while (true) {
            Details details;
            try {
                return method.apply(request);
            } catch (UncheckedIOException error) {
                throw new NotLetIn(name + ": CALL SOMEBODY, the token cannot be read: " + error.getCause());
            } catch (StatusRuntimeException error) {
                details = new Details(error);
            }
            String reason = details.info == null ? null : details.info.getReason();
            if ("INTERNAL".equals(reason)) {
                faults++; // A fault of the service: once more, then somebody must look.
                if (faults > 1) {
                    throw new NoAnswer(name + ": a fault of the service; please report it");
                }
            } else if (reason != null && NOT_LET_IN.contains(reason)) {
                throw new NotLetIn(name + ": CALL SOMEBODY, the service does not let this till do it (" + reason + "): " + details.words);
            } else if (reason != null && !NO_ANSWER.contains(reason)) {
                throw new Refused(reason, details.words);
            } else if (reason == null && !NO_ANSWER_STATUSES.contains(details.code)) {
                throw new NoAnswer(name + ": " + details.code + " from something between: " + details.words);
            }
            // By chance, so that a hundred tills do not come back in the same moment; never sooner than the service asks for.
            double wait = details.wait + ThreadLocalRandom.current().nextDouble(0.5, 1.0) * pause;
            pause = Math.min(2 * pause, PAUSE_MAX);
            if (System.nanoTime() + (long) (wait * 1e9) > end) {
                throw new NoAnswer(name + ": " + details.code);
            }
            System.err.printf(
                    "no answer to %s (%s); the same again in %.1f s%n", name, reason == null ? details.code : reason, wait);
            try {
                Thread.sleep((long) (wait * 1000));
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw new NoAnswer(name + ": interrupted");
            }
        }
    }

    /** ErrorInfo where pricewright sent one, the words for the cashier, and the seconds to wait at least. */
    private static final class Details {
        final Status.Code code;
        ErrorInfo info;
        String words;
        double wait;

        Details(StatusRuntimeException error) {
            code = error.getStatus().getCode();
            words = error.getStatus().getDescription();
            com.google.rpc.Status status = StatusProto.fromThrowable(error);
            if (status == null) {
                return;
            }
            for (Any detail : status.getDetailsList()) {
                try {
                    if (detail.is(ErrorInfo.class)) {
                        ErrorInfo known = detail.unpack(ErrorInfo.class);
                        if (known.getDomain().equals("pricewright")) {
                            info = known;
                        }
                    } else if (detail.is(LocalizedMessage.class)) {
                        words = detail.unpack(LocalizedMessage.class).getMessage();
                    } else if (detail.is(RetryInfo.class)) {
                        com.google.protobuf.Duration delay = detail.unpack(RetryInfo.class).getRetryDelay();
                        wait = delay.getSeconds() + delay.getNanos() / 1e9;
                    }
                } catch (InvalidProtocolBufferException unreadable) {
                    // Then it is as if it had not been sent.
                }
            }
        }
    }
}
