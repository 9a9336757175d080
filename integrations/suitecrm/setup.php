<?php
// Installs the add-on from the command line, or brings it up to date, and makes the user that Dealwire logs in as.
//
// As the web server's user, in SuiteCRM's root folder:
//   php setup.php PACKAGE_DIR API_USER API_PASSWORD [REST_CLIENT_ID REST_CLIENT_SECRET]
// PACKAGE_DIR is the folder `dealwire` beside this file. Write - instead of a password or secret to have it read from
// DEALWIRE_API_PASSWORD or DEALWIRE_REST_SECRET. It may run again at any time: what is there stays.
if (PHP_SAPI !== 'cli') {
    exit(1);
}
if ($argc < 4) {
    fwrite(STDERR, "usage: php setup.php PACKAGE_DIR API_USER API_PASSWORD [REST_CLIENT_ID REST_CLIENT_SECRET]\n");
    exit(2);
}
if (!is_file('include/entryPoint.php')) {
    fwrite(STDERR, getcwd() . " is not SuiteCRM's root folder; change there first (SuiteCRM 8: public/legacy)\n");
    exit(2);
}
if (!is_file($argv[1] . '/manifest.php')) {
    fwrite(STDERR, "{$argv[1]} holds no manifest.php; give the folder integrations/suitecrm/dealwire\n");
    exit(2);
}
$dealwire_package = realpath($argv[1]);
$dealwire_user = $argv[2];
$dealwire_password = $argv[3] === '-' ? (string) getenv('DEALWIRE_API_PASSWORD') : $argv[3];
$dealwire_client = isset($argv[4]) ? $argv[4] : '';
$dealwire_secret = isset($argv[5]) ? $argv[5] : '';
$dealwire_secret = $dealwire_secret === '-' ? (string) getenv('DEALWIRE_REST_SECRET') : $dealwire_secret;
if ($dealwire_password === '') {
    fwrite(STDERR, "API_PASSWORD is empty; give one, or - and set DEALWIRE_API_PASSWORD\n");
    exit(2);
}

if (!defined('sugarEntry')) {
    define('sugarEntry', true);
}
$_SERVER['HTTP_HOST'] = '127.0.0.1';
$_SERVER['REQUEST_URI'] = '/';
$_SERVER['SERVER_SOFTWARE'] = 'cli';
require_once 'include/entryPoint.php';
// Where the installer keeps what an older version had: beside a file of this name, and nowhere that is served.
$_REQUEST['install_file'] = 'cache/dealwire.zip';
require_once __DIR__ . '/layouts.php';
require_once __DIR__ . '/installed.php';
global $current_user, $current_language, $app_strings, $app_list_strings, $mod_strings;
$current_language = 'en_us';
$app_strings = return_application_language('en_us');
$app_list_strings = return_app_list_strings_language('en_us');
$mod_strings = return_module_language('en_us', 'Administration');
$current_user = BeanFactory::newBean('Users');
$current_user->getSystemUser();

include $dealwire_package . '/manifest.php';
$dealwire_db = DBManagerFactory::getInstance();
$dealwire_has = dealwire_installed_version();
if (version_compare($dealwire_has, $manifest['version'], '>')) {
    fwrite(STDERR, "version $dealwire_has of the add-on is installed; {$manifest['version']} is older, so nothing was done\n");
    exit(1);
}
if (dealwire_problems($dealwire_db, $manifest, $installdefs) || dealwire_required($dealwire_db, $installdefs)) {
    // The installer ends the process, with status 0, where it may not write.
    $dealwire_installing = true;
    register_shutdown_function(function () {
        if ($GLOBALS['dealwire_installing']) {
            fwrite(STDERR, "the installation broke off; see the line above and suitecrm.log, then run this again\n");
            exit(1);
        }
    });
    require_once 'ModuleInstall/ModuleInstaller.php';
    $dealwire_installer = new ModuleInstaller();
    $dealwire_installer->silent = true;
    $dealwire_installer->install($dealwire_package);
    require_once 'modules/Administration/QuickRepairAndRebuild.php';
    $dealwire_repair = new RepairAndClear();
    $dealwire_repair->repairAndClearAll(array('clearAll'), array(translate('LBL_ALL_MODULES')), true, false);
    $dealwire_installing = false;
    // The installer's own cache was made before the link fields were there.
    foreach (glob('cache/modules/*/*vardefs.php') ?: array() as $dealwire_cached) {
        unlink($dealwire_cached);
    }
    if ($dealwire_problems = dealwire_problems($dealwire_db, $manifest, $installdefs)) {
        fwrite(STDERR, "the package was not installed whole:\n  " . implode("\n  ", $dealwire_problems) . "\nsee suitecrm.log\n");
        exit(1);
    }
    if ($dealwire_required = dealwire_required($dealwire_db, $installdefs)) {
        fwrite(STDERR, "$dealwire_required fields dw_* are still required; take that off in Admin > Studio\n");
    }
    echo "package {$manifest['name']} {$manifest['version']} installed\n";
}

foreach (array('Opportunities', 'Contacts') as $dealwire_module) {
    $dealwire_shown = array();
    foreach ($installdefs['custom_fields'] as $dealwire_field) {
        if ($dealwire_field['module'] === $dealwire_module && $dealwire_field['name'] !== 'dw_payload_sha_c') {
            $dealwire_shown[] = $dealwire_field['name'];
        }
    }
    try {
        echo 'view ' . dealwire_show_fields($dealwire_module, $dealwire_shown) . "\n";
    } catch (Throwable $dealwire_error) {
        // People can add the fields in Studio; delivery does not need them to be seen.
        fwrite(STDERR, "the detail view of $dealwire_module stays as it was: {$dealwire_error->getMessage()}\n");
    }
}

$dealwire_bean = BeanFactory::newBean('Users');
if (!$dealwire_bean->retrieve_by_string_fields(array('user_name' => $dealwire_user))) {
    $dealwire_bean = BeanFactory::newBean('Users');
    $dealwire_bean->user_name = $dealwire_user;
    $dealwire_bean->first_name = 'Dealwire';
    $dealwire_bean->last_name = 'Integration';
    $dealwire_bean->status = 'Active';
    $dealwire_bean->employee_status = 'Active';
    $dealwire_bean->is_admin = 0;
    $dealwire_bean->user_hash = User::getPasswordHash($dealwire_password);
    $dealwire_bean->email1 = 'integration@example.test';
    $dealwire_bean->save();
    echo "api user {$dealwire_bean->id}\n";
}
// SuiteCRM reads numbers as this user would write them: with a comma for a point, 1234.50 would become 123450.
foreach (array('dec_sep' => '.', 'num_grp_sep' => ',', 'datef' => 'Y-m-d', 'timef' => 'H:i', 'timezone' => 'UTC') as $dealwire_name => $dealwire_value) {
    $dealwire_bean->setPreference($dealwire_name, $dealwire_value, 0, 'global');
}
$dealwire_bean->savePreferencesToDB();

if ($dealwire_client !== ''
    && !$dealwire_db->getOne('SELECT id FROM oauth2clients WHERE id=' . $dealwire_db->quoted($dealwire_client))) {
    $dealwire_db->query(
        'INSERT INTO oauth2clients (id,name,date_entered,date_modified,deleted,secret,redirect_url,is_confidential,'
        . 'allowed_grant_type,duration_value,duration_amount,duration_unit,assigned_user_id) VALUES ('
        . $dealwire_db->quoted($dealwire_client) . ",'dealwire',NOW(),NOW(),0,"
        . $dealwire_db->quoted(hash('sha256', $dealwire_secret)) . ",'',1,'client_credentials',3600,1,'hour',"
        . $dealwire_db->quoted($dealwire_bean->id ?: '1') . ')'
    );
    echo "oauth2 client $dealwire_client\n";
}
