package foreign;

import com.amazonaws.services.simpleworkflow.flow.annotations.Activities;
import com.amazonaws.services.simpleworkflow.flow.annotations.ActivityRegistrationOptions;

/** The activities. */
@Activities(version = "1")
@ActivityRegistrationOptions(
        defaultTaskScheduleToStartTimeoutSeconds = 3600,
        defaultTaskStartToCloseTimeoutSeconds = 300,
        defaultTaskList = "workers")
public interface Shop {
    String reserve(String what);

    String charge(String what);

    /** Declines the first charge. */
    final class Implementation implements Shop {
        private boolean declined;

        @Override
        public String reserve(String what) {
            return "reserve(" + what + ")";
        }

        @Override
        public synchronized String charge(String what) {
            if (!declined) {
                declined = true;
                throw new IllegalStateException("declined");
            }
            return "charge(" + what + ")";
        }
    }
}
