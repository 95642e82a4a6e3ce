package foreign;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.swf.SwfClient;
import software.amazon.awssdk.services.swf.model.DomainDeprecatedException;
import software.amazon.awssdk.services.swf.model.RegistrationStatus;
import software.amazon.awssdk.services.swf.model.ResourceTag;
import software.amazon.awssdk.services.swf.model.SwfException;
import software.amazon.awssdk.services.swf.model.TooManyTagsException;
import software.amazon.awssdk.services.swf.model.TypeDeprecatedException;
import software.amazon.awssdk.services.swf.model.TypeNotDeprecatedException;
import software.amazon.awssdk.services.swf.model.WorkflowType;

/** Tags and deprecates a domain, deprecates and deletes types, and calls faster than it may. */
final class Retire {
    private static final String RETIRED = "retired";

    private Retire() {}

    static Map<String, Object> run(SwfClient client) {
        Map<String, String> messages = new TreeMap<>();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("faults", messages);
        client.registerDomain(r -> r.name(RETIRED)
                .workflowExecutionRetentionPeriodInDays("1")
                .tags(t -> t.key("team").value("thé"), t -> t.key("stage").value("test")));
        String arn = client.describeDomain(r -> r.name(RETIRED)).domainInfo().arn();
        report.put("tags", tags(client, arn));
        client.untagResource(r -> r.resourceArn(arn).tagKeys("stage"));
        report.put("tags left", tags(client, arn));
        ResourceTag[] many = IntStream.range(0, 51)
                .mapToObj(number -> ResourceTag.builder().key("" + number).build())
                .toArray(ResourceTag[]::new);
        Order.note(messages, TooManyTagsException.class, () -> client.tagResource(r -> r.resourceArn(arn).tags(many)));
        client.deprecateDomain(r -> r.name(RETIRED));
        Order.note(messages, DomainDeprecatedException.class, () -> client.deprecateDomain(r -> r.name(RETIRED)));
        retireTypes(client, messages);
        report.put("throttled", hurry());
        // The SDK tries it again until it is let through.
        report.put("retired", client.listDomains(r -> r.registrationStatus(RegistrationStatus.DEPRECATED))
                .domainInfos()
                .get(0)
                .name());
        return report;
    }

    private static Map<String, String> tags(SwfClient client, String arn) {
        return client.listTagsForResource(r -> r.resourceArn(arn)).tags().stream()
                .collect(Collectors.toMap(ResourceTag::key, ResourceTag::value));
    }

    private static void retireTypes(SwfClient client, Map<String, String> messages) {
        WorkflowType order = WorkflowType.builder().name("order").version("1").build();
        Order.note(messages, TypeNotDeprecatedException.class, () -> client.deleteWorkflowType(
                r -> r.domain(Client.DOMAIN).workflowType(order)));
        client.deprecateWorkflowType(r -> r.domain(Client.DOMAIN).workflowType(order));
        Order.note(messages, TypeDeprecatedException.class, () -> Order.start(client, "order", "late-1", "deciders"));
        client.deleteWorkflowType(r -> r.domain(Client.DOMAIN).workflowType(order));
    }

    /** Calls without trying again until it is told to slow down, and returns how. */
    private static String hurry() {
        try (SwfClient client = SwfClient.builder()
                .overrideConfiguration(c -> c.retryStrategy(DefaultRetryStrategy.doNotRetry()))
                .build()) {
            while (true) {
                client.listDomains(r -> r.registrationStatus(RegistrationStatus.DEPRECATED));
            }
        } catch (SwfException fault) {
            if (!fault.isThrottlingException()) {
                throw fault;
            }
            return fault.awsErrorDetails().errorMessage();
        }
    }
}
